// The sequence in groups of ten, with brackets and confidence; bases are selected here.

class Sequence {
  constructor(state) {
    this.state = state;
    this.list = document.getElementById("bases");
    this.cursor = 0;
    this.anchor = null;
    state.listen((changed) => {
      if (changed.has("record")) this.build();
      this.update(changed);
    });
    this.#addPointers();
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  build() {
    const { seq, data } = this.state.recording;
    this.cursor = 0;
    this.bases = [];
    const groups = [];
    for (let start = 0; start < seq.length; start += 10) {
      const group = element("span", "ten");
      group.dataset.position = start + 1;
      group.setAttribute("role", "presentation");
      for (let k = start; k < Math.min(start + 10, seq.length); k++) group.append(this.#base(seq[k], k));
      groups.push(group);
    }
    this.list.replaceChildren(...groups);
    document.getElementById("ramp").hidden = !data.base_confidence;
  }

  #base(letter, position) {
    const base = element("span", "base");
    base.id = `base-${position}`;
    base.dataset.base = position;
    base.setAttribute("role", "option");
    base.setAttribute("aria-label", `${letter} ${position + 1}`);
    base.append(element("b", "", letter), element("i"));
    this.bases.push(base);
    return base;
  }

  update(changed) {
    const { recording, bases, step } = this.state;
    if (changed.has("record") || changed.has("step")) {
      recording.bracketsAt(step).forEach((sign, k) => {
        const place = this.bases[k].lastChild;
        if (place.textContent !== sign) place.textContent = sign;
      });
    }
    if (changed.has("record") || changed.has("theme")) this.#colour();
    this.bases.forEach((base, k) => {
      const marked = bases.has(k);
      if (marked === base.classList.contains("marked") && base.ariaSelected !== null) return;
      base.classList.toggle("marked", marked);
      base.ariaSelected = String(marked);
    });
  }

  #colour() {
    const { base_confidence } = this.state.recording.data;
    const colours = readColours();
    this.bases.forEach((base, k) => {
      const colour = base_confidence ? sureColour(colours, base_confidence[k]) : "transparent";
      base.style.setProperty("--sure", colour);
    });
  }

  /** Select from the anchor to a position, both included. */
  #extendTo(position) {
    const [first, last] = [Math.min(this.anchor, position), Math.max(this.anchor, position)];
    this.state.selectBases(Array.from({ length: last - first + 1 }, (_, k) => first + k));
  }

  #addPointers() {
    const at = (event) => event.target.closest?.(".base")?.dataset.base;
    this.list.addEventListener("pointerdown", (event) => {
      const position = at(event);
      if (position === undefined || event.button) return;
      if (!event.shiftKey || this.anchor === null) this.anchor = Number(position);
      this.dragging = event.pointerType === "mouse"; // a finger scrolls instead
      if (this.dragging) this.#choose(Number(position));
    });
    this.list.addEventListener("pointerover", (event) => {
      if (this.dragging && event.buttons && at(event) !== undefined) this.#choose(Number(at(event)));
    });
    this.list.addEventListener("click", (event) => {
      if (at(event) !== undefined && event.pointerType !== "mouse") this.#choose(Number(at(event)));
    });
    addEventListener("pointerup", () => (this.dragging = false));
  }

  #choose(position) {
    this.anchor ??= position;
    this.#moveCursor(position);
    this.#extendTo(position);
  }

  #moveCursor(position) {
    this.bases[this.cursor].classList.remove("cursor");
    this.cursor = Math.min(this.bases.length - 1, Math.max(0, position));
    this.bases[this.cursor].classList.add("cursor");
    this.list.setAttribute("aria-activedescendant", this.bases[this.cursor].id);
    this.bases[this.cursor].scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere arrows step through the picks
    if (!event.shiftKey || this.anchor === null) this.anchor = event.shiftKey ? this.cursor : null;
    this.#moveCursor(this.cursor + moves[event.key]);
    if (this.anchor === null) this.anchor = this.cursor;
    this.#extendTo(this.cursor);
  }

  scrollTo(position) {
    this.anchor = position;
    this.#moveCursor(position);
  }
}
