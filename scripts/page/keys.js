// What keys do, wherever the focus is.

function addKeys({ state, steps, search, boxes, theme }) {
  const clear = () => {
    search.clear();
    state.clear();
    if (document.activeElement === search.field) search.field.blur();
  };
  document.getElementById("clear").addEventListener("click", clear);
  const find = () => {
    search.field.focus();
    search.field.select();
  };
  const actions = {
    ArrowLeft: () => steps.go(-1),
    ArrowRight: () => steps.go(1),
    Home: () => steps.go(-Infinity),
    End: () => steps.go(Infinity),
    " ": () => steps.toggle(),
    n: () => boxes.move(1),
    p: () => boxes.move(-1),
    "/": find,
    "[": () => state.show(state.index - 1),
    "]": () => state.show(state.index + 1),
    d: () => theme.toggle(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return clear();
    if (event.target.matches?.("input[type=search], select")) return;
    if (event.key === " " && event.target.matches?.("button, summary")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(actions, key)) return;
    event.preventDefault();
    actions[key]();
  });
}
