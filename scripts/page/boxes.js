// The list of boxes: picks in their order, then by probability. All of the grid without a mouse.

class BoxList {
  constructor(state) {
    this.state = state;
    this.list = document.getElementById("boxes");
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-box]");
      if (row) state.selectBox(Number(row.dataset.box));
    });
    this.list.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.move(by);
    });
    state.listen((changed) => {
      if (changed.has("record")) this.#build();
      this.#update(changed);
    });
  }

  /** Select the box `by` places further down the list. */
  move(by) {
    const { order } = this.state.recording;
    if (!order.length) return;
    const at = order.indexOf(this.state.box);
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : (at + by + order.length) % order.length;
    this.state.selectBox(order[next]);
  }

  #build() {
    const { recording } = this.state;
    this.rows = new Map(recording.order.map((box) => [box, this.#row(recording, box)]));
    this.list.replaceChildren(...this.rows.values());
    document.getElementById("box-panel").hidden = !recording.boxes.length;
    const kinds = Object.entries(KIND_NAMES).map(([kind, name]) => {
      const number = recording.boxes.filter((box) => box.kind === kind).length;
      return count(number, name.toLowerCase());
    });
    document.getElementById("box-count").textContent = kinds.join(", ");
  }

  #row(recording, box) {
    const { kind, row, col, n_rows, n_cols, probability } = recording.boxes[box];
    const line = element("div", `row ${kind}`);
    line.id = `box-${box}`;
    line.dataset.box = box;
    line.setAttribute("role", "option");
    line.append(
      element("span", "kind", KIND_NAMES[kind]),
      element("span", "", span(row, row + n_rows)),
      element("span", "", span(col, col + n_cols)),
      element("span", "", `${recording.pairsOf(box).length}`),
      element("span", "", share(probability)),
      element("span", "state"),
    );
    return line;
  }

  #update(changed) {
    const { recording, step, box: chosen } = this.state;
    for (const [box, row] of this.rows) {
      if (changed.has("record") || changed.has("step")) {
        const state = recording.stateOf(box, step);
        row.classList.toggle("picked", state === "picked");
        row.classList.toggle("masked", state === "masked");
        const text = stateText(recording, box, step);
        if (row.lastChild.textContent !== text) row.lastChild.textContent = text;
      }
      row.classList.toggle("marked", box === chosen);
      const selected = String(box === chosen);
      if (row.ariaSelected !== selected) row.ariaSelected = selected;
    }
    if (!changed.has("selection") || chosen === null) return;
    const row = this.rows.get(chosen);
    this.list.setAttribute("aria-activedescendant", row.id);
    const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (bottom > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = bottom - this.list.clientHeight;
  }
}

/** When a box was picked or masked, as of a step. */
function stateText(recording, box, step) {
  const state = recording.stateOf(box, step);
  if (state === "picked") return `pick ${recording.pickedAt[box]}`;
  if (state === "masked") return `masked by pick ${recording.maskedAt[box]}`;
  return recording.lastStep ? "open" : "not picked";
}
