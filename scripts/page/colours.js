// Colours by role, as the style sheet has them; light and dark are told apart only there.

const ROLES = [
  "paper", "ink", "muted", "line", "accent", "stem", "interior_loop", "hairpin", "multiloop",
  "knot", "known", "marker", "on-marker", "ramp-low", "ramp-middle", "ramp-high",
];

function readColours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(ROLES.map((role) => [role, style.getPropertyValue(`--${role}`).trim()]));
}

function channels(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/** Mix of two colours: `part` 0 is the first, 1 the second. */
function mixed(first, second, part) {
  const [a, b] = [channels(first), channels(second)];
  const hex = a.map((from, k) => Math.round(from + part * (b[k] - from)).toString(16).padStart(2, "0"));
  return `#${hex.join("")}`;
}

/** Colour of a confidence in [0, 1]; the surer, the more it differs from the paper. */
function sureColour(colours, confidence) {
  const at = Math.min(1, Math.max(0, confidence));
  return at < 0.5
    ? mixed(colours["ramp-low"], colours["ramp-middle"], at * 2)
    : mixed(colours["ramp-middle"], colours["ramp-high"], at * 2 - 1);
}

/** Black or white, whichever is read better on a colour. */
function inkOn(colour) {
  const [red, green, blue] = channels(colour);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#14171a" : "#ffffff";
}
