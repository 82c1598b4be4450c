// The arc diagram: pairs of the structure above the sequence, known pairs below it.

const ARC_MARGIN = 18;
const ARC_ABOVE = 9; // px between the letters and the feet of arcs above them
const ARC_BELOW = 22; // and below, where the positions stand

class Arcs extends Panel {
  heightFor(width) {
    return Math.min(360, Math.max(190, width * (this.state.recording.data.reference ? 0.52 : 0.4)));
  }

  label() {
    return `Arc diagram of ${count(this.state.structure.pairs.length, "base pair")}`;
  }

  zoomBy(factor, x = this.width / 2) {
    super.zoomBy(factor, x, 0); // only along the sequence
  }

  /** Screen position of a base, along the sequence. */
  x(position) {
    const room = this.width - 2 * ARC_MARGIN;
    const share = (position + 0.5) / this.state.recording.length;
    return this.screen(ARC_MARGIN + room * share, 0)[0];
  }

  /** Where the sequence stands, and the height of an arc per base that it spans. */
  #scale() {
    const { base_pairs, reference } = this.state.recording.data;
    const widest = (pairs) => Math.max(8, ...pairs.map(([i, j]) => j - i));
    const [above, below] = [widest(base_pairs), reference ? widest(reference) : 0];
    this.unit = (this.height - ARC_ABOVE - ARC_BELOW - 2 * this.#edge) / (above + below);
    this.base = this.#edge + above * this.unit + ARC_ABOVE;
  }

  /** Room for a line of text above and below. */
  get #edge() {
    return this.state.recording.data.reference ? 16 : 4;
  }

  #foot(up) {
    return this.base + (up ? -ARC_ABOVE : ARC_BELOW);
  }

  #arc([i, j], up = true) {
    return halfEllipse(this.x(i), this.x(j), this.#foot(up), (j - i) * this.unit, up);
  }

  paint(pen) {
    this.#scale();
    const { recording, structure, markedPairs } = this.state;
    this.#letters(pen);
    for (const pair of markedPairs) pen.path(this.#arc(pair), { stroke: this.colours.marker, width: 6 });
    const later = recording.data.base_pairs.filter((pair) => !structure.keys.has(recording.key(pair)));
    for (const pair of later) {
      pen.path(this.#arc(pair), { stroke: this.colours.muted, width: 0.8, alpha: 0.6, dash: [2, 3] });
    }
    for (const pair of structure.pairs) this.#pair(pen, pair);
    for (const pair of markedPairs) {
      const dash = structure.keys.has(recording.key(pair)) ? [] : [4, 2];
      pen.path(this.#arc(pair), { stroke: this.colours["on-marker"], width: 1.7, dash });
    }
    if (recording.data.reference) this.#known(pen);
  }

  #pair(pen, pair) {
    const { recording } = this.state;
    const sure = recording.probability.get(recording.key(pair));
    const stroke = sure === undefined ? this.colours.stem : sureColour(this.colours, sure);
    pen.path(this.#arc(pair), { stroke, width: 1.7 });
  }

  /** Known pairs: dashed where the structure lacks them. */
  #known(pen) {
    const { recording, structure, layers, markedPairs } = this.state;
    if (!layers.has("known")) return;
    const marked = new Set(markedPairs.map((pair) => recording.key(pair)));
    for (const pair of recording.data.reference) {
      const key = recording.key(pair);
      const arc = this.#arc(pair, false);
      if (marked.has(key)) pen.path(arc, { stroke: this.colours.marker, width: 6 });
      const stroke = this.colours[marked.has(key) ? "on-marker" : "known"];
      pen.path(arc, { stroke, width: 1.5, dash: structure.keys.has(key) ? [] : [4, 3] });
    }
    const style = { fill: this.colours.muted, align: "left" };
    pen.text(2, 7, "structure", style);
    pen.text(2, this.height - 7, "known (dashed: missed)", style);
  }

  #letters(pen) {
    const { seq, length } = this.state.recording;
    const pitch = this.x(1) - this.x(0);
    const letters = pitch >= 6.2;
    const step = roundStep(36 / pitch);
    if (!letters) {
      const line = polyline([[this.x(0), this.base], [this.x(length - 1), this.base]]);
      pen.path(line, { stroke: this.colours.muted });
    }
    const size = Math.min(12, pitch * 1.45);
    for (let k = 0; k < length; k++) {
      const x = this.x(k);
      if (x < -20 || x > this.width + 20) continue;
      const marked = this.state.bases.has(k);
      if (marked) {
        const wide = Math.max(pitch, 3);
        pen.path(rectangle(x - wide / 2, this.base - 7, wide, 14), { fill: this.colours.marker });
      }
      if (letters) {
        const fill = marked ? this.colours["on-marker"] : this.colours.muted;
        pen.text(x, this.base, seq[k], { fill, size, letters: true, bold: marked });
      } else if ((k + 1) % step === 0) {
        pen.path(polyline([[x, this.base - 3], [x, this.base + 3]]), { stroke: this.colours.muted });
      }
    }
    for (let k = step - 1; k < length; k += step) {
      pen.text(this.x(k), this.base + 14, `${k + 1}`, { fill: this.colours.muted, size: 10 });
    }
  }

  hits(x, y, reach) {
    const { structure, recording } = this.state;
    if (y > this.#foot(true) && y < this.#foot(false)) return this.#baseHits(x);
    const up = y < this.base;
    const pairs = up ? structure.pairs : recording.data.reference || [];
    const foot = this.#foot(up);
    const found = [];
    for (const pair of pairs) {
      const [centre, wide] = [(this.x(pair[0]) + this.x(pair[1])) / 2, (this.x(pair[1]) - this.x(pair[0])) / 2];
      const high = (pair[1] - pair[0]) * this.unit;
      const round = Math.hypot((x - centre) / wide, (y - foot) / high);
      const off = Math.abs(round - 1) * Math.min(wide, high);
      if (off <= reach) found.push({ pair, off });
    }
    return found.sort((a, b) => a.off - b.off).slice(0, 1);
  }

  #baseHits(x) {
    const pitch = this.x(1) - this.x(0);
    const base = Math.floor((x - this.x(0)) / pitch + 0.5);
    return base >= 0 && base < this.state.recording.length ? [{ bases: [base] }] : [];
  }
}
