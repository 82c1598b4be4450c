// Two pens with the same few strokes: one draws on a canvas, the other writes SVG.

function fixed(number) {
  return Math.round(number * 100) / 100;
}

function rectangle(x, y, width, height) {
  return `M${fixed(x)} ${fixed(y)}h${fixed(width)}v${fixed(height)}h${fixed(-width)}z`;
}

function disc(x, y, radius) {
  const r = fixed(radius);
  return `M${fixed(x - radius)} ${fixed(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}

function polyline(points, closed = false) {
  const line = points.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join("L");
  return points.length ? `M${line}${closed ? "z" : ""}` : "";
}

/** Half an ellipse over (`up`) or under the line at `y`. */
function halfEllipse(x1, x2, y, height, up = true) {
  const size = `${fixed((x2 - x1) / 2)} ${fixed(height)}`;
  return `M${fixed(x1)} ${fixed(y)}A${size} 0 0 ${up ? 1 : 0} ${fixed(x2)} ${fixed(y)}`;
}

const FONT = 'system-ui, "DejaVu Sans", sans-serif';
const LETTERS = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';

class CanvasPen {
  constructor(context) {
    this.context = context;
  }

  /** Fill and stroke a path of SVG's syntax. */
  path(shape, { fill, stroke, width = 1, alpha = 1, dash = [] }) {
    const context = this.context;
    const path = new Path2D(shape);
    context.globalAlpha = alpha;
    if (fill) {
      context.fillStyle = fill;
      context.fill(path);
    }
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.stroke(path);
    }
  }

  text(x, y, string, { fill, size = 11, align = "center", letters = false, bold = false }) {
    const context = this.context;
    context.globalAlpha = 1;
    context.fillStyle = fill;
    context.font = `${bold ? "600 " : ""}${size}px ${letters ? LETTERS : FONT}`;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillText(string, x, y);
  }

  /** Draw only inside of a path. */
  clipped(shape, body) {
    this.context.save();
    this.context.clip(new Path2D(shape));
    body();
    this.context.restore();
  }
}

class SvgPen {
  constructor(width, height, paper) {
    this.parts = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
        `viewBox="0 0 ${width} ${height}">`,
      `<rect width="100%" height="100%" fill="${paper}"/>`,
    ];
    this.clips = 0;
  }

  path(shape, { fill = "none", stroke, width = 1, alpha = 1, dash = [] }) {
    const line = stroke
      ? ` stroke="${stroke}" stroke-width="${fixed(width)}" stroke-dasharray="${dash.join(" ") || "none"}"`
      : "";
    const seen = alpha < 1 ? ` opacity="${fixed(alpha)}"` : "";
    this.parts.push(`<path d="${shape}" fill="${fill}"${line}${seen}/>`);
  }

  text(x, y, string, { fill, size = 11, align = "center", letters = false, bold = false }) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    const family = (letters ? LETTERS : FONT).replaceAll('"', "'");
    const safe = string.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    this.parts.push(
      `<text x="${fixed(x)}" y="${fixed(y)}" fill="${fill}" font-size="${fixed(size)}" ` +
        `font-family="${family}" text-anchor="${anchor}" dominant-baseline="central"` +
        `${bold ? ' font-weight="600"' : ""}>${safe}</text>`,
    );
  }

  clipped(shape, body) {
    const id = `clip${this.clips++}`;
    this.parts.push(`<clipPath id="${id}"><path d="${shape}"/></clipPath><g clip-path="url(#${id})">`);
    body();
    this.parts.push("</g>");
  }

  get svg() {
    return `${this.parts.join("\n")}\n</svg>\n`;
  }
}
