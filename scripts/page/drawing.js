// The drawn secondary structure in ViennaRNA's coordinates; knotted pairs are arcs.

const DRAWING_MARGIN = 26;
const SMALL_RADIUS = 4.6; // px; smaller bases have no letter
const SHADES = 24; // of confidence
const TURNING_GAIN = 1.25;
const LARGEST_PITCH = 30; // px between neighbours: a short RNA need not fill the panel

/** Points with the middle of their frame and the scale at which it fits. */
function framed(points, wide, high) {
  const ends = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const [width, height] = ends.map(([low, high]) => high - low || 1);
  const scale = Math.min(wide / width, high / height, LARGEST_PITCH / pitch(points));
  return { points, middle: ends.map(([low, high]) => (low + high) / 2), scale };
}

/** Usual distance of neighbours. */
function pitch(points) {
  const steps = points.slice(1).map(([x, y], k) => Math.hypot(x - points[k][0], y - points[k][1]));
  return steps.sort((a, b) => a - b)[steps.length >> 1] || 15;
}

class Drawing extends Panel {
  heightFor(width) {
    return Math.min(420, Math.max(260, width * 0.66));
  }

  label() {
    return `Drawn structure of ${count(this.state.recording.length, "base")}`;
  }

  /** Points of the bases on the screen, turned where that makes them much larger. */
  #place() {
    const { layout } = this.state.recording.data;
    const [wide, high] = [this.width - 2 * DRAWING_MARGIN, this.height - 2 * DRAWING_MARGIN];
    const upright = framed(layout.map(([x, y]) => [x, -y]), wide, high);
    const turned = framed(layout.map(([x, y]) => [y, x]), wide, high);
    const { points, middle, scale } = turned.scale > TURNING_GAIN * upright.scale ? turned : upright;
    const place = ([x, y]) => [
      this.width / 2 + (x - middle[0]) * scale,
      this.height / 2 + (y - middle[1]) * scale,
    ];
    this.points = points.map((point) => this.screen(...place(point)));
    this.radius = Math.max(1.6, 0.42 * pitch(points) * scale * this.zoom);
  }

  paint(pen) {
    this.#place();
    const { recording, structure, layers } = this.state;
    if (layers.has("multiloop")) this.#multiloops(pen);
    const backbone = polyline(this.points);
    pen.path(backbone, { stroke: this.colours.muted, width: Math.min(1.4, this.radius / 2.4) });
    this.#pairs(pen, recording, structure);
    this.#numbers(pen);
    this.#bases(pen);
  }

  #multiloops(pen) {
    const { recording, structure } = this.state;
    for (const { pairs } of recording.data.multiloops) {
      if (!pairs.every((pair) => structure.keys.has(recording.key(pair)))) continue;
      const [[i, j], ...branches] = pairs;
      const corners = [i, ...branches.flat(), j].map((base) => this.points[base]);
      pen.path(polyline(corners, true), { fill: this.colours.multiloop, alpha: 0.13 });
    }
  }

  #pairs(pen, recording, structure) {
    const marked = this.state.markedPairs;
    const shapes = (pairs) => pairs.map((pair) => this.#link(recording, pair)).join("");
    const later = recording.data.base_pairs.filter((pair) => !structure.keys.has(recording.key(pair)));
    const wide = Math.max(1, this.radius / 3.2);
    pen.path(shapes(marked), { stroke: this.colours.marker, width: wide + 3 });
    pen.path(shapes(later), { stroke: this.colours.muted, width: 0.8, dash: [1.5, 2.5] });
    const knotted = (pair) => recording.knotted.has(recording.key(pair));
    pen.path(shapes(structure.pairs.filter((pair) => !knotted(pair))), { stroke: this.colours.ink, width: wide });
    pen.path(shapes(structure.pairs.filter(knotted)), { stroke: this.colours.knot, width: 1.5 });
    const present = (pair) => structure.keys.has(recording.key(pair));
    const style = { stroke: this.colours["on-marker"], width: 1.4 };
    pen.path(shapes(marked.filter(present)), style);
    pen.path(shapes(marked.filter((pair) => !present(pair))), { ...style, dash: [4, 2] });
  }

  /** A bar for neighbours on the drawing, a bow for what lies apart: knots, boxes not picked. */
  #link(recording, [i, j]) {
    const [[x1, y1], [x2, y2]] = [this.points[i], this.points[j]];
    const far = Math.hypot(x2 - x1, y2 - y1);
    if (!recording.knotted.has(recording.key([i, j])) && far < 8 * this.radius) return polyline([[x1, y1], [x2, y2]]);
    const bend = Math.min(0.22 * far, 60);
    const [x, y] = [(x1 + x2) / 2 + ((y1 - y2) / far) * bend, (y1 + y2) / 2 + ((x2 - x1) / far) * bend];
    return `M${fixed(x1)} ${fixed(y1)}Q${fixed(x)} ${fixed(y)} ${fixed(x2)} ${fixed(y2)}`;
  }

  /** Discs in few strokes: those of one colour together. */
  #bases(pen) {
    const { recording, bases } = this.state;
    const { base_confidence } = recording.data;
    const plain = base_confidence
      ? base_confidence.map((sure) => sureColour(this.colours, Math.round(sure * SHADES) / SHADES))
      : new Array(recording.length).fill(this.colours.paper);
    const shapes = new Map();
    this.points.forEach(([x, y], base) => {
      const fill = bases.has(base) ? this.colours.marker : plain[base];
      shapes.set(fill, (shapes.get(fill) || "") + disc(x, y, this.radius + (bases.has(base) ? 1 : 0)));
    });
    for (const [fill, shape] of shapes) {
      const dark = fill === this.colours.marker || !base_confidence;
      const edge = dark ? this.colours.ink : this.colours.paper;
      const width = Math.min(1.4, this.radius / 3.5);
      pen.path(shape, { fill, stroke: dark || this.radius > SMALL_RADIUS ? edge : undefined, width });
    }
    if (this.radius > SMALL_RADIUS) this.#letters(pen, plain);
  }

  #letters(pen, plain) {
    const { recording, bases } = this.state;
    this.points.forEach(([x, y], base) => {
      const fill = inkOn(bases.has(base) ? this.colours.marker : plain[base]);
      pen.text(x, y, recording.seq[base], { fill, size: this.radius * 1.35, bold: true });
    });
  }

  /** Numbers and ends, beside the bases. */
  #numbers(pen) {
    const last = this.points.length - 1;
    const step = this.radius < 3 ? roundStep(last / 8) : 10;
    const size = Math.min(12, Math.max(9.5, this.radius * 1.5));
    const style = { fill: this.colours.muted, size };
    for (let base = step - 1; base < last - 2; base += step) {
      const [x, y] = this.#outward(base, this.radius + 3 + size * 0.8);
      pen.text(x, y, `${base + 1}`, style);
    }
    for (const [base, end] of [[0, "5′"], [last, "3′"]]) {
      const [x, y] = this.#outward(base, this.radius + 4 + size * 0.6);
      pen.text(x, y, end, { ...style, fill: this.colours.ink, bold: true });
    }
  }

  /** Of the places around a base the one with most room. */
  #outward(base, distance) {
    const [x, y] = this.points[base];
    const around = (other) => Math.hypot(this.points[other][0] - x, this.points[other][1] - y) < 4 * distance;
    const near = this.points.filter((_, other) => other !== base && around(other));
    let best = { room: -1 };
    for (let turn = 0; turn < 16; turn++) {
      const place = [x + distance * Math.cos(turn * Math.PI / 8), y + distance * Math.sin(turn * Math.PI / 8)];
      const room = near.reduce((least, [a, b]) => Math.min(least, Math.hypot(a - place[0], b - place[1])), 99);
      if (room > best.room) best = { room, place };
    }
    return best.place;
  }

  hits(x, y, reach) {
    const { recording, structure } = this.state;
    const distance = (base) => Math.hypot(this.points[base][0] - x, this.points[base][1] - y);
    let nearest = 0;
    for (let base = 1; base < recording.length; base++) if (distance(base) < distance(nearest)) nearest = base;
    if (distance(nearest) <= this.radius + reach / 2) {
      const partner = structure.partner[nearest];
      if (partner < 0) return [{ bases: [nearest] }];
      return [{ pair: [Math.min(nearest, partner), Math.max(nearest, partner)] }];
    }
    const links = structure.pairs.map((pair) => ({ pair, off: this.#offLink(pair, x, y) }));
    return links.filter(({ off }) => off <= reach).sort((a, b) => a.off - b.off).slice(0, 1);
  }

  /** Distance of a point from the bar or bow of a pair. */
  #offLink(pair, x, y) {
    const numbers = this.#link(this.state.recording, pair).match(/-?[\d.]+/g).map(Number);
    const [x1, y1] = numbers;
    const [x2, y2] = numbers.slice(-2);
    const [cx, cy] = numbers.length > 4 ? numbers.slice(2) : [(x1 + x2) / 2, (y1 + y2) / 2];
    let least = Infinity;
    for (let t = 0; t <= 1; t += 0.05) {
      const [a, b, c] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
      least = Math.min(least, Math.hypot(a * x1 + b * cx + c * x2 - x, a * y1 + b * cy + c * y2 - y));
    }
    return least;
  }
}
