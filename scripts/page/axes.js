// The axes of the grid: positions, lines, letters where there is room.

const LETTER_CELL = 9;

/** Ticks with their positions (from 1) and faint lines. */
function drawAxes(grid, pen) {
  const { recording } = grid.state;
  const { left, top } = GRID_MARGIN;
  const edge = top + grid.side;
  const step = roundStep(34 / grid.cell);
  const letters = grid.cell >= LETTER_CELL;
  const style = { fill: grid.colours.muted, size: 10 };
  for (let tick = step - 1; tick < recording.length; tick += step) {
    const [x, y] = grid.corner(tick + 0.5, tick + 0.5);
    const inside = (at, start) => at >= start && at <= start + grid.side;
    if (inside(x, left)) {
      pen.path(polyline([[x, top], [x, edge]]), { stroke: grid.colours.line, width: 0.6 });
      pen.text(x, edge + (letters ? 18 : 10), `${tick + 1}`, style);
    }
    if (inside(y, top)) {
      pen.path(polyline([[left, y], [left + grid.side, y]]), { stroke: grid.colours.line, width: 0.6 });
      pen.text(left - (letters ? 15 : 5), y, `${tick + 1}`, { ...style, align: "right" });
    }
  }
  if (letters) drawAxisLetters(grid, pen, left, edge);
}

/** The sequence along both axes, selected bases in bold. */
function drawAxisLetters(grid, pen, left, edge) {
  const { seq, length } = grid.state.recording;
  for (let k = 0; k < length; k++) {
    const [x, y] = grid.corner(k + 0.5, k + 0.5);
    const style = { size: 9.5, letters: true, bold: grid.state.bases.has(k) };
    style.fill = style.bold ? grid.colours.ink : grid.colours.muted;
    if (x >= left && x <= left + grid.side) pen.text(x, edge + 7, seq[k], style);
    if (y >= edge - grid.side && y <= edge) pen.text(left - 7, y, seq[k], style);
  }
}
