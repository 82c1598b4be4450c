// What is shown: record, step, selection, layers. Whoever listens is called once per frame.

const LAYERS = [
  ["stem", "stem"], ["interior_loop", "interior loop"], ["hairpin", "hairpin"], ["picked", "picked"],
  ["masked", "masked"], ["multiloop", "multi-branch loop"], ["known", "known pair"],
];

class State {
  constructor(recordings) {
    this.recordings = recordings;
    this.listeners = [];
    this.pending = new Set();
    this.layers = new Set(LAYERS.map(([layer]) => layer));
    this.index = 0;
    this.step = recordings[0].lastStep;
    this.clear();
  }

  get recording() {
    return this.recordings[this.index];
  }

  get structure() {
    return this.recording.structureAt(this.step);
  }

  /** Register `listener(changed)`; `changed` is a set of words: record, step, selection, look, theme. */
  listen(listener) {
    this.listeners.push(listener);
  }

  changed(what) {
    if (!this.pending.size) requestAnimationFrame(() => this.#redraw());
    this.pending.add(what);
  }

  #redraw() {
    const changed = this.pending;
    this.pending = new Set();
    for (const listener of this.listeners) listener(changed);
  }

  show(index) {
    if (index < 0 || index >= this.recordings.length) return;
    this.index = index;
    this.step = this.recording.lastStep;
    this.clear();
    this.changed("record");
  }

  goTo(step) {
    this.step = Math.min(this.recording.lastStep, Math.max(0, step));
    this.changed("step");
  }

  clear() {
    [this.bases, this.box] = [new Set(), null];
    this.changed("selection");
  }

  selectBases(bases) {
    [this.bases, this.box] = [new Set(bases), null];
    this.changed("selection");
  }

  selectBox(box) {
    [this.bases, this.box] = [this.recording.basesOf(box), box];
    this.changed("selection");
  }

  /** The stem of a pair if one was picked, else the pair itself. */
  selectPair(pair) {
    const box = this.recording.boxOfPair(pair);
    if (box === null || box === this.box) this.selectBases(pair);
    else this.selectBox(box);
  }

  /** Pairs to highlight: those of the selected box, or those of selected bases. */
  get markedPairs() {
    if (this.box !== null) return this.recording.pairsOf(this.box);
    return this.structure.pairs.filter(([i, j]) => this.bases.has(i) || this.bases.has(j));
  }

  toggle(layer) {
    if (!this.layers.delete(layer)) this.layers.add(layer);
    this.changed("look");
  }
}
