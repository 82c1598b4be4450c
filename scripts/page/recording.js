// One record with what follows from it: pairs of boxes, states of boxes and the structure by step.

class Recording {
  constructor(data) {
    this.data = data;
    this.seq = data.seq;
    this.length = data.seq.length;
    this.boxes = data.boxes;
    this.invalid = Boolean(data.reasons?.length);
    this.lastStep = Math.max(0, data.steps.length - 1);
    this.pickedAt = data.boxes.map(() => Infinity);
    this.maskedAt = data.boxes.map(() => Infinity);
    data.steps.forEach((step, number) => {
      if (step.box !== null) this.pickedAt[step.box] = number;
      for (const box of step.excluded) this.maskedAt[box] = Math.min(this.maskedAt[box], number);
    });
    this.order = data.boxes.map((_, box) => box).sort((a, b) => this.#rank(a, b));
    this.knotted = new Set(data.knotted.map((pair) => this.key(data.base_pairs[pair])));
    this.known = data.reference && new Set(data.reference.map((pair) => this.key(pair)));
    const probabilities = data.pair_probability || [];
    this.probability = new Map(probabilities.map((p, k) => [this.key(data.base_pairs[k]), p]));
    this.structures = new Map();
    this.pickOfPair = new Map();
    for (const { box } of data.steps) {
      if (box === null || this.boxes[box].kind !== "stem") continue;
      for (const pair of this.pairsOf(box)) this.pickOfPair.set(this.key(pair), box);
    }
  }

  /** Picks in their order, then by probability. */
  #rank(a, b) {
    if (this.pickedAt[a] !== this.pickedAt[b]) return this.pickedAt[a] - this.pickedAt[b] || 0;
    return this.boxes[b].probability - this.boxes[a].probability || a - b;
  }

  key([i, j]) {
    return i * this.length + j;
  }

  /** State of a box after `step` picks: picked, masked or open. */
  stateOf(box, step) {
    if (this.pickedAt[box] <= step) return "picked";
    return this.maskedAt[box] <= step ? "masked" : "open";
  }

  maskedBy(step) {
    return this.boxes.filter((_, box) => this.stateOf(box, step) === "masked").length;
  }

  /** Pairs of a stem, closing pairs of a loop: outer one first. */
  pairsOf(box) {
    const { kind, row, col, n_rows, n_cols } = this.boxes[box];
    const outer = [row, col + n_cols - 1];
    if (kind === "hairpin") return [outer];
    if (kind === "interior_loop") return [outer, [row + n_rows - 1, col]];
    return Array.from({ length: n_rows }, (_, k) => [row + k, col + n_cols - 1 - k]);
  }

  /** Bases on both strands of a box. */
  basesOf(box) {
    const { row, col, n_rows, n_cols } = this.boxes[box];
    const bases = new Set();
    for (let k = 0; k < n_rows; k++) bases.add(row + k);
    for (let k = 0; k < n_cols; k++) bases.add(col + k);
    return bases;
  }

  /** Pairs after `step` picks, and the partner of each base (-1: none). */
  structureAt(step) {
    if (!this.structures.has(step)) {
      const picks = this.data.steps.slice(1, step + 1).map((each) => each.box);
      const stems = picks.filter((box) => box !== null && this.boxes[box].kind === "stem");
      // An invalid episode has no structure; its picks are shown all the same.
      const isWhole = step === this.lastStep && !this.invalid;
      const pairs = isWhole ? this.data.base_pairs : stems.flatMap((box) => this.pairsOf(box));
      const partner = new Int32Array(this.length).fill(-1);
      for (const [i, j] of pairs) [partner[i], partner[j]] = [j, i];
      this.structures.set(step, { pairs, partner, keys: new Set(pairs.map((pair) => this.key(pair))) });
    }
    return this.structures.get(step);
  }

  /** The picked stem that a pair belongs to, or null. */
  boxOfPair(pair) {
    return this.pickOfPair.get(this.key(pair)) ?? null;
  }

  /** Dot-bracket characters after `step` picks; knotted pairs get the further brackets. */
  bracketsAt(step) {
    const written = new Array(this.length).fill(".");
    const pages = [];
    for (const pair of this.structureAt(step).pairs) {
      let page = this.knotted.has(this.key(pair)) ? 1 : 0;
      while (page && page < BRACKETS.length - 1 && (pages[page] || []).some((other) => crosses(pair, other))) page++;
      (pages[page] ||= []).push(pair);
      [written[pair[0]], written[pair[1]]] = BRACKETS[page];
    }
    return written;
  }
}

const BRACKETS = ["()", "[]", "{}", "<>"];

function crosses([i, j], [k, l]) {
  return (i < k && k < j && j < l) || (k < i && i < l && l < j);
}
