// The L x L grid: rows 5' positions, columns 3' positions; proposals above the diagonal, each as
// opaque as it is probable, known pairs below it.

const GRID_MARGIN = { left: 34, top: 8, right: 10, bottom: 24 };
const SMALL_CELL = 3.5; // px; smaller pairs are drawn as one line per stem
const OUTLINE = 0.14; // opacity of the outline of what is least probable: it can still be found

class Grid extends Panel {
  heightFor(width) {
    return width - GRID_MARGIN.left - GRID_MARGIN.right + GRID_MARGIN.top + GRID_MARGIN.bottom;
  }

  label() {
    const { boxes, length } = this.state.recording;
    return `Grid of ${length} times ${length} positions with ${count(boxes.length, "box", "boxes")}`;
  }

  get side() {
    return this.width - GRID_MARGIN.left - GRID_MARGIN.right;
  }

  get extent() {
    return [this.side, this.side];
  }

  get cell() {
    return (this.side / this.state.recording.length) * this.zoom;
  }

  /** Screen position of the upper left corner of a cell. */
  corner(row, col) {
    const unit = this.side / this.state.recording.length;
    const [x, y] = this.screen(col * unit, row * unit);
    return [x + GRID_MARGIN.left, y + GRID_MARGIN.top];
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    super.zoomBy(factor, x - GRID_MARGIN.left, y - GRID_MARGIN.top);
  }

  paint(pen) {
    const colours = this.colours;
    const { recording, layers } = this.state;
    const plot = rectangle(GRID_MARGIN.left, GRID_MARGIN.top, this.side, this.side);
    drawAxes(this, pen);
    pen.clipped(plot, () => {
      this.#diagonal(pen);
      if (layers.has("known") && recording.data.reference) this.#knownPairs(pen);
      pen.clipped(this.#upper(), () => this.#boxes(pen));
      this.#loosePairs(pen);
      if (layers.has("multiloop")) this.#multiloops(pen);
      this.#marked(pen);
    });
    pen.path(plot, { stroke: colours.line });
    const [left, top] = this.corner(0, 0);
    Object.assign(this.canvas.dataset, { left, top, cell: this.cell });
  }

  /** All that lies above the diagonal, the diagonal included. */
  #upper() {
    const n = this.state.recording.length;
    return polyline([this.corner(0, 0), this.corner(0, n), this.corner(n, n)], true);
  }

  #diagonal(pen) {
    const n = this.state.recording.length;
    pen.path(polyline([this.corner(0, 0), this.corner(n, n)]), { stroke: this.colours.muted, width: 0.8 });
    if (this.state.recording.data.reference || this.zoom > 1) return;
    const [x, y] = this.corner(n, 0);
    pen.text(x + 8, y - 12, "no known structure", { fill: this.colours.muted, align: "left" });
  }

  /** Known pairs mirrored: full where the structure has them, hollow where it lacks them. */
  #knownPairs(pen) {
    const { recording, structure } = this.state;
    const size = Math.max(this.cell, 2);
    const parts = { full: "", hollow: "" };
    for (const pair of recording.data.reference) {
      const [x, y] = this.corner(pair[1] + 0.5, pair[0] + 0.5);
      const found = structure.keys.has(recording.key(pair)) ? "full" : "hollow";
      const inset = found === "hollow" && size > 4 ? 0.75 : 0;
      parts[found] += rectangle(x - size / 2 + inset, y - size / 2 + inset, size - 2 * inset, size - 2 * inset);
    }
    pen.path(parts.full, { fill: this.colours.known });
    pen.path(parts.hollow, { stroke: this.colours.known, width: size > 4 ? 1.2 : 0.5 });
  }

  #boxes(pen) {
    const { recording, layers, step } = this.state;
    const states = recording.boxes.map((_, box) => recording.stateOf(box, step));
    const shown = recording.order.filter((box) => layers.has(recording.boxes[box].kind)).reverse();
    const isStem = (box) => recording.boxes[box].kind === "stem";
    const open = shown.filter((box) => states[box] === "open");
    for (const box of open.filter((each) => !isStem(each))) this.#loop(pen, box);
    if (layers.has("masked")) {
      this.#masked(pen, shown.filter((box) => states[box] === "masked"));
    }
    for (const box of open.filter(isStem)) this.#stem(pen, box, recording.boxes[box].probability);
    if (layers.has("picked")) {
      for (const box of shown) if (states[box] === "picked") this.#picked(pen, box);
    }
  }

  frame(box, grow = 0) {
    const { row, col, n_rows, n_cols } = this.state.recording.boxes[box];
    const [x, y] = this.corner(row, col);
    return [x - grow, y - grow, n_cols * this.cell + 2 * grow, n_rows * this.cell + 2 * grow];
  }

  /** The pairs of a stem: cells on its anti-diagonal, or a line where cells are tiny. */
  #pairs(pen, pairs, style) {
    if (this.cell < SMALL_CELL) {
      const ends = pairs.map(([i, j]) => this.corner(i + 0.5, j + 0.5));
      const [[x1, y1], [x2, y2]] = [ends[0], ends[ends.length - 1]];
      const half = this.cell / 2;
      const line = polyline([[x1 + half, y1 - half], [x2 - half, y2 + half]]);
      pen.path(line, { stroke: style.fill, alpha: style.alpha, width: Math.max(1.8, this.cell * 1.2) });
      return;
    }
    const cells = pairs.map(([i, j]) => rectangle(...this.corner(i, j), this.cell, this.cell));
    pen.path(cells.join(""), style);
  }

  #stem(pen, box, alpha) {
    const fill = this.colours.stem;
    this.#pairs(pen, this.state.recording.pairsOf(box), { fill, alpha });
    pen.path(rectangle(...this.frame(box)), { stroke: fill, width: 0.6, alpha: OUTLINE + alpha / 2 });
  }

  #loop(pen, box) {
    const { kind, probability } = this.state.recording.boxes[box];
    const fill = mixed(this.colours[kind], this.colours.paper, 0.62);
    pen.path(rectangle(...this.frame(box)), { fill, alpha: probability });
    const alpha = OUTLINE + probability / 2;
    pen.path(rectangle(...this.frame(box)), { stroke: this.colours[kind], width: 0.6, alpha });
  }

  #masked(pen, boxes) {
    const frames = boxes.map((box) => rectangle(...this.frame(box)));
    const dash = this.cell < SMALL_CELL ? [] : [2, 2]; // dashes take time, and tiny frames lose them
    pen.path(frames.join(""), { stroke: this.colours.muted, width: 0.8, alpha: 0.6, dash });
  }

  #picked(pen, box) {
    const { kind } = this.state.recording.boxes[box];
    if (kind === "stem") this.#stem(pen, box, 1);
    else pen.path(rectangle(...this.frame(box)), { fill: this.colours[kind], alpha: 0.5 });
    pen.path(rectangle(...this.frame(box, 1)), { stroke: this.colours.ink, width: 1.4 });
  }

  /** Pairs of the structure that no picked box holds. */
  get loosePairs() {
    const { recording, structure } = this.state;
    return structure.pairs.filter((pair) => recording.boxOfPair(pair) === null);
  }

  #loosePairs(pen) {
    const size = Math.max(this.cell, 2);
    const cells = this.loosePairs.map(([i, j]) => {
      const [x, y] = this.corner(i + 0.5, j + 0.5);
      return rectangle(x - size / 2, y - size / 2, size, size);
    });
    pen.path(cells.join(""), { fill: this.colours.stem });
  }

  /** A multi-branch loop joins its closing pairs. */
  #multiloops(pen) {
    const { recording, structure } = this.state;
    for (const { pairs } of recording.data.multiloops) {
      if (!pairs.every((pair) => structure.keys.has(recording.key(pair)))) continue;
      const [closing, ...branches] = pairs.map(([i, j]) => this.corner(i + 0.5, j + 0.5));
      const outline = polyline([closing, ...branches], true);
      pen.path(outline, { fill: this.colours.multiloop, alpha: 0.08 });
      pen.path(outline, { stroke: this.colours.multiloop, width: 1.2 });
    }
  }

  #marked(pen) {
    const { markedPairs, box } = this.state;
    const size = Math.max(this.cell, 4);
    const square = ([i, j]) => {
      const [x, y] = this.corner(i + 0.5, j + 0.5);
      return rectangle(x - size / 2, y - size / 2, size, size);
    };
    const cells = markedPairs.map(square).join("");
    pen.path(cells, { fill: this.colours.marker });
    pen.path(cells, { stroke: this.colours["on-marker"], width: Math.min(1, size / 8) });
    if (box === null) return;
    pen.path(rectangle(...this.frame(box, 2.5)), { stroke: this.colours.ink, width: 3.4 });
    pen.path(rectangle(...this.frame(box, 2.5)), { stroke: this.colours.marker, width: 1.6 });
  }

  /** Boxes near a point, stems first, nearest and most probable first; below the diagonal known pairs. */
  hits(x, y, reach) {
    const { recording, step, layers } = this.state;
    const [originX, originY] = this.corner(0, 0);
    const [row, col] = [(y - originY) / this.cell, (x - originX) / this.cell];
    if (row > col) return this.#pairHits(recording.data.reference || [], col, row, reach);
    const found = [];
    recording.boxes.forEach(({ kind, probability, n_rows, n_cols }, box) => {
      const state = recording.stateOf(box, step);
      if (!layers.has(kind) || (state !== "open" && !layers.has(state))) return;
      const [left, top, width, height] = this.frame(box);
      const outside = Math.max(left - x, x - left - width, top - y, y - top - height, 0);
      if (outside > reach) return;
      const off = kind === "stem" ? Math.abs(x + y - left - top - height) / Math.SQRT2 : outside;
      const rank = [kind === "stem" && off <= reach ? 0 : 1, state === "picked" ? 0 : 1, state === "masked" ? 1 : 0];
      found.push({ box, rank: [...rank, kind === "stem" ? off : n_rows * n_cols, -probability] });
    });
    found.sort((a, b) => compareRanks(a.rank, b.rank));
    return found.concat(this.#pairHits(this.loosePairs, row, col, reach));
  }

  /** Pairs whose cell is near a place, the nearest first. */
  #pairHits(pairs, row, col, reach) {
    const distance = ([i, j]) => Math.hypot(i + 0.5 - row, j + 0.5 - col);
    const near = pairs.filter((pair) => distance(pair) <= Math.max(reach / this.cell, 0.8));
    near.sort((a, b) => distance(a) - distance(b));
    return near.map((pair) => ({ pair }));
  }
}

function compareRanks(a, b) {
  const at = a.findIndex((value, k) => value !== b[k]);
  return at < 0 ? 0 : a[at] - b[at];
}
