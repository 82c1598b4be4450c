// A drawing on a canvas: its size, zoom, pointer and export. Views say what to draw and what was hit.

const TOLERANCE = 7; // px around a pointer; a finger gets twice as much
const MAX_ZOOM = 40;

class Panel {
  constructor(name, state) {
    this.name = name;
    this.state = state;
    this.canvas = document.getElementById(name);
    this.context = this.canvas.getContext("2d");
    this.pointers = new Map();
    this.width = 0;
    this.fit();
    this.#addTools();
    this.#addPointers();
    new ResizeObserver(() => {
      this.#measure();
      this.draw();
    }).observe(this.canvas.parentElement);
    state.listen((changed) => {
      if (changed.has("record")) this.fit();
      this.draw();
    });
  }

  /** Stand on whole pixels: columns have fractions, and a canvas between pixels is blurred. */
  #measure() {
    const { style } = this.canvas;
    [style.width, style.marginLeft] = ["", ""];
    const { left, width } = this.canvas.getBoundingClientRect();
    const shift = Math.ceil(left) - left;
    this.width = Math.floor(width - shift);
    [style.width, style.marginLeft] = [`${this.width}px`, `${shift}px`];
  }

  /** Draw all of it again, at the resolution of the screen. */
  draw() {
    const { width } = this;
    if (!width) return;
    this.height = Math.round(this.heightFor(width));
    const dots = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * dots), Math.round(this.height * dots)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      [this.canvas.width, this.canvas.height] = [wide, high];
      this.canvas.style.height = `${this.height}px`;
    }
    this.context.setTransform(dots, 0, 0, dots, 0, 0);
    this.context.clearRect(0, 0, width, this.height);
    this.colours = readColours();
    this.paint(new CanvasPen(this.context));
    this.canvas.setAttribute("aria-label", this.label());
  }

  /** Show all of it. */
  fit() {
    [this.zoom, this.left, this.top] = [1, 0, 0];
    this.canvas.classList.remove("zoomed");
  }

  /** Size of what zooming enlarges. */
  get extent() {
    return [this.width, this.height];
  }

  /** Screen position of a point of the whole drawing. */
  screen(x, y) {
    return [x * this.zoom - this.left, y * this.zoom - this.top];
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * factor));
    const grown = zoom / this.zoom;
    [this.left, this.top, this.zoom] = [(this.left + x) * grown - x, (this.top + y) * grown - y, zoom];
    this.pan(0, 0);
  }

  pan(dx, dy) {
    const within = (offset, size) => Math.min(size * (this.zoom - 1), Math.max(0, offset));
    const [width, height] = this.extent;
    this.left = within(this.left - dx, width);
    this.top = within(this.top - dy, height);
    this.canvas.classList.toggle("zoomed", this.zoom > 1);
    this.state.changed("look");
  }

  #addTools() {
    const tools = document.querySelector(`[data-for="${this.name}"]`);
    const title = tools.parentElement.querySelector("h2").textContent.toLowerCase();
    const add = (text, label, action) => {
      const button = element("button", "", text);
      button.type = "button";
      button.setAttribute("aria-label", label);
      button.addEventListener("click", action);
      tools.append(button);
    };
    add("−", `Zoom out of the ${title}`, () => this.zoomBy(1 / 1.6));
    add("+", `Zoom into the ${title}`, () => this.zoomBy(1.6));
    add("Fit", `Show all of the ${title}`, () => this.showAll());
    add("SVG", `Save the ${title} as SVG`, () => saveSvg(this));
    add("PNG", `Save the ${title} as PNG`, () => savePng(this));
    this.canvas.addEventListener("keydown", (event) => {
      const action = { "+": () => this.zoomBy(1.6), "-": () => this.zoomBy(1 / 1.6), 0: () => this.showAll() };
      if (!event.ctrlKey && !event.metaKey && action[event.key]) action[event.key]();
    });
  }

  showAll() {
    this.fit();
    this.state.changed("look");
  }

  #addPointers() {
    const canvas = this.canvas;
    const at = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [event.clientX - frame.left, event.clientY - frame.top];
    };
    const reach = (event) => (event.pointerType === "touch" ? 2 * TOLERANCE : TOLERANCE);
    canvas.addEventListener("pointerdown", (event) => {
      this.pointers.set(event.pointerId, at(event));
      this.moved = this.pointers.size > 1;
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.pointers.has(event.pointerId)) this.#drag(event, at(event));
      else canvas.classList.toggle("hit", Boolean(this.hits(...at(event), reach(event)).length));
    });
    canvas.addEventListener("pointerup", (event) => {
      if (this.pointers.delete(event.pointerId) && !this.moved) this.#choose(this.hits(...at(event), reach(event)));
    });
    for (const end of ["pointercancel", "pointerleave"]) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    const wheel = (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 200), ...at(event));
    };
    canvas.addEventListener("wheel", wheel, { passive: false });
  }

  /** One pointer moves the drawing, two zoom it. */
  #drag(event, [x, y]) {
    const [oldX, oldY] = this.pointers.get(event.pointerId);
    if (!this.moved && Math.hypot(x - oldX, y - oldY) < 4) return;
    this.moved = true;
    const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.pointers.set(event.pointerId, [x, y]);
    if (!other) {
      if (this.zoom > 1) this.pan(x - oldX, y - oldY);
      return;
    }
    const before = Math.hypot(oldX - other[0], oldY - other[1]);
    const now = Math.hypot(x - other[0], y - other[1]);
    if (before > 0) this.zoomBy(now / before, (x + other[0]) / 2, (y + other[1]) / 2);
  }

  /** Select the best hit; again at the same place, the next one. */
  #choose(hits) {
    if (!hits.length) return this.state.clear();
    const now = hits.findIndex((hit) => hit.box !== undefined && hit.box === this.state.box);
    const hit = hits[(now + 1) % hits.length];
    if (hit.box !== undefined) this.state.selectBox(hit.box);
    else if (hit.pair) this.state.selectPair(hit.pair);
    else this.state.selectBases(hit.bases);
  }
}
