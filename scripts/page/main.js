// Read the recording, set up the views.

const SCHEMA = "boxfold.view/1";

function start() {
  const data = JSON.parse(document.getElementById("recording").textContent);
  if (data.schema !== SCHEMA) throw new Error(`this page shows ${SCHEMA}, not ${data.schema}`);
  if (!data.records.length) throw new Error("there is no record to show");
  const state = new State(data.records.map((record) => new Recording(record)));
  new Records(state, data.title);
  new Layers(state);
  const steps = new Steps(state);
  const sequence = new Sequence(state);
  const search = new Search(state, sequence);
  const boxes = new BoxList(state);
  new Details(state);
  const theme = new Theme(state);
  for (const [View, name] of [[Grid, "grid"], [Drawing, "drawing"], [Arcs, "arcs"]]) new View(name, state);
  addKeys({ state, steps, search, boxes, theme });
  state.show(0);
}

try {
  start();
} catch (error) {
  const failure = document.getElementById("failure");
  failure.textContent = `This recording can't be shown: ${error.message}`;
  failure.hidden = false;
  throw error;
}
