// One line on what is selected.

const MOST_RANGES = 4;
const MOST_LETTERS = 24;

class Details {
  constructor(state) {
    this.line = document.getElementById("details");
    this.button = document.getElementById("clear");
    state.listen(() => {
      const text = selectionText(state);
      this.line.classList.toggle("empty", !text);
      this.button.hidden = !text;
      const shown = text || emptyText(state.recording);
      if (this.line.textContent !== shown) this.line.textContent = shown; // or it is read out again
    });
  }
}

function emptyText(recording) {
  return recording.boxes.length ? "Select a box, a pair or bases in any view." : "Select a pair or bases in any view.";
}

function selectionText(state) {
  if (state.box !== null) return boxText(state, state.box);
  const bases = [...state.bases].sort((a, b) => a - b);
  if (!bases.length) return "";
  const { structure, recording } = state;
  if (bases.length === 2 && structure.partner[bases[0]] === bases[1]) return pairText(recording, bases);
  return basesText(state, bases);
}

function boxText({ recording, step }, box) {
  const { kind, row, col, n_rows, n_cols, probability } = recording.boxes[box];
  const pairs = recording.pairsOf(box);
  const number = pairs.length;
  const strands = kind === "hairpin" ? span(row, row + n_rows)
    : `${span(row, row + n_rows)} with ${span(col, col + n_cols)}`;
  const sizes = kind === "interior_loop" ? [`${n_rows - 2} and ${n_cols - 2} unpaired`] : [];
  if (kind === "hairpin") sizes.push(`${n_rows - 2} unpaired`);
  const closing = kind === "stem" ? count(number, "pair") : `closed by ${pairs.map(pairName).join(", ")}`;
  const parts = [`${KIND_NAMES[kind]} ${strands}`, closing, ...sizes, `probability ${share(probability)}`];
  parts.push(stateText(recording, box, step) + energyText(recording, box, step));
  if (recording.known && kind === "stem") {
    parts.push(`${pairs.filter((pair) => recording.known.has(recording.key(pair))).length} of ${number} known`);
  }
  return parts.join(" · ");
}

/** What a pick changed, in brackets. */
function energyText(recording, box, step) {
  const at = recording.pickedAt[box];
  const [before, after] = [recording.data.steps[at - 1]?.energy, recording.data.steps[at]?.energy];
  if (at > step || before === undefined || before === null || after === null) return "";
  return ` (${signed(after - before)} kcal/mol)`;
}

function pairName([i, j]) {
  return `${i + 1}–${j + 1}`;
}

function pairText(recording, [i, j]) {
  const key = recording.key([i, j]);
  const parts = [`Pair ${recording.seq[i]}${i + 1}–${recording.seq[j]}${j + 1}`];
  if (recording.probability.has(key)) parts.push(`probability ${share(recording.probability.get(key))}`);
  if (recording.knotted.has(key)) parts.push("knotted");
  if (recording.known) parts.push(recording.known.has(key) ? "known" : "not in the known structure");
  return parts.join(" · ");
}

function basesText({ recording, structure }, bases) {
  const ranges = runs(bases);
  const names = ranges.slice(0, MOST_RANGES).map(([start, stop]) => span(start, stop)).join(", ");
  const more = ranges.length > MOST_RANGES ? ` and ${ranges.length - MOST_RANGES} more` : "";
  const letters = bases.slice(0, MOST_LETTERS).map((base) => recording.seq[base]).join("");
  const motif = ranges.length > 1 ? "" : ` ${letters}${bases.length > MOST_LETTERS ? "…" : ""}`;
  const paired = bases.filter((base) => structure.partner[base] >= 0);
  const parts = [`${bases.length === 1 ? "Base" : "Bases"} ${names}${more}${motif}`];
  if (bases.length === 1 && paired.length) parts.push(`paired with ${structure.partner[bases[0]] + 1}`);
  else parts.push(`${paired.length} of ${bases.length} paired`);
  const { base_confidence } = recording.data;
  if (base_confidence) {
    const mean = bases.reduce((sum, base) => sum + base_confidence[base], 0) / bases.length;
    parts.push(`confidence ${share(mean)}${bases.length > 1 ? " on average" : ""}`);
  }
  return parts.join(" · ");
}
