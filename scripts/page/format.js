// Numbers and places as people read them: positions from 1, a true minus.

const KIND_NAMES = { stem: "Stem", interior_loop: "Interior loop", hairpin: "Hairpin" };

function signed(number, digits = 2) {
  if (number === null || number === undefined) return "–";
  return number.toFixed(digits).replace("-", "−");
}

function share(number) {
  return number === null || number === undefined ? "–" : number.toFixed(2);
}

/** "9–13" of the half-open range [8, 13). */
function span(start, stop) {
  return stop - start > 1 ? `${start + 1}–${stop}` : `${start + 1}`;
}

function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** Half-open runs of sorted positions. */
function runs(positions) {
  const found = [];
  for (const position of positions) {
    const last = found[found.length - 1];
    if (last && last[1] === position) last[1] = position + 1;
    else found.push([position, position + 1]);
  }
  return found;
}

/** A step between ticks of an axis: 1, 2, 5 times a power of ten, at least `least`. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return power * [1, 2, 5, 10].find((times) => times * power >= least - 1e-9);
}

/** An element with classes and text; the text is never read as HTML. */
function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
