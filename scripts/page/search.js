// The search field: a motif in IUPAC letters, or positions.

const IUPAC = {
  A: "A", C: "C", G: "G", U: "U", T: "U", R: "AG", Y: "CU", S: "CG", W: "AU", K: "GU", M: "AC",
  B: "CGU", D: "AGU", H: "ACU", V: "ACG", N: "ACGUN",
};

/** Starts of a motif in a sequence, overlapping ones too; null if a letter is none of IUPAC's. */
function motifStarts(seq, motif) {
  const allowed = [...motif.toUpperCase()].map((letter) => IUPAC[letter]);
  if (allowed.includes(undefined)) return null;
  const starts = [];
  for (let start = 0; start + allowed.length <= seq.length; start++) {
    if (allowed.every((letters, k) => letters.includes(seq[start + k]))) starts.push(start);
  }
  return starts;
}

class Search {
  constructor(state, sequence) {
    [this.state, this.sequence, this.found, this.current] = [state, sequence, [], -1];
    this.field = document.getElementById("motif");
    this.result = document.getElementById("matches");
    this.field.addEventListener("input", () => this.search());
    document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1);
    });
    state.listen((changed) => {
      if (changed.has("record") && this.field.value) this.search();
    });
  }

  /** Half-open ranges that the field asks for; null if it can't be read. */
  #ranges(text) {
    const { seq, length } = this.state.recording;
    const range = text.match(/^(\d+)(?:\s*[-–]\s*(\d+))?$/);
    if (!range) {
      const motif = text.replace(/\s+/g, "");
      return motifStarts(seq, motif)?.map((start) => [start, start + motif.length]) ?? null;
    }
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])].sort((a, b) => a - b);
    return first >= 1 && first <= length ? [[first - 1, Math.min(last, length)]] : [];
  }

  search() {
    const text = this.field.value.trim();
    this.found = text ? this.#ranges(text) : [];
    this.current = -1;
    const shown = this.found === null ? "not IUPAC letters" : count(this.found.length, "match", "matches");
    this.result.value = text ? shown : "";
    this.found ??= [];
    this.#select(this.found);
    if (this.found.length) this.sequence.scrollTo(this.found[0][0]);
  }

  /** Select only the next match. */
  next(by) {
    if (!this.found.length) return;
    const start = this.current < 0 && by < 0 ? 0 : this.current;
    this.current = (start + by + this.found.length) % this.found.length;
    this.result.value = `${this.current + 1} of ${this.found.length}`;
    this.#select([this.found[this.current]]);
    this.sequence.scrollTo(this.found[this.current][0]);
  }

  #select(ranges) {
    const bases = new Set();
    for (const [start, stop] of ranges) for (let k = start; k < stop; k++) bases.add(k);
    this.state.selectBases(bases);
  }

  clear() {
    this.field.value = "";
    this.result.value = "";
    this.found = [];
  }
}
