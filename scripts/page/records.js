// The head of the page: which record is shown, and what is known of it.

class Records {
  constructor(state, title) {
    this.state = state;
    this.title = title;
    this.choice = document.getElementById("records");
    const { recordings } = state;
    document.getElementById("chooser").hidden = recordings.length < 2;
    document.getElementById("record-name").hidden = recordings.length > 1;
    this.choice.append(...recordings.map(({ data }, index) => {
      const option = element("option", "", data.id);
      option.value = index;
      return option;
    }));
    this.choice.addEventListener("change", () => state.show(Number(this.choice.value)));
    state.listen((changed) => {
      if (changed.has("record")) this.#update();
    });
  }

  #update() {
    const { recording, index } = this.state;
    const { data } = recording;
    this.choice.value = index;
    document.title = `${data.id} · boxfold`;
    document.getElementById("record-name").textContent = data.id;
    document.getElementById("facts").textContent = [this.title, ...recordFacts(recording)].filter(Boolean).join(" · ");
  }
}

function recordFacts({ data, length, known, invalid }) {
  const facts = data.agent ? [`${data.agent}${data.s1 ? ` on boxes of ${data.s1}` : ""}`] : [];
  facts.push(`${length} nt`, count(data.base_pairs.length, "pair"));
  if (data.free_energy !== null) facts.push(`${signed(data.free_energy)} kcal/mol`);
  if (data.structure_confidence !== null) facts.push(`confidence ${share(data.structure_confidence)}`);
  if (invalid) facts.push(`invalid: ${data.reasons.join(", ")}`);
  if (known) {
    const found = data.base_pairs.filter(([i, j]) => known.has(i * length + j)).length;
    facts.push(`${found} of ${known.size} known pairs`);
  }
  return facts;
}

class Layers {
  constructor(state) {
    this.buttons = new Map();
    const bar = document.getElementById("layers");
    for (const [layer, name] of LAYERS) {
      const button = element("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(element("i", layer), element("span", "", name));
      button.addEventListener("click", () => {
        state.toggle(layer);
        button.setAttribute("aria-pressed", String(state.layers.has(layer)));
      });
      bar.append(button);
      this.buttons.set(layer, button);
    }
    state.listen((changed) => {
      if (changed.has("record")) this.#update(state.recording);
    });
  }

  /** Offer only what the record has. */
  #update({ data, boxes }) {
    const kinds = Object.keys(KIND_NAMES);
    for (const kind of kinds) this.buttons.get(kind).hidden = !boxes.some((box) => box.kind === kind);
    for (const layer of ["picked", "masked"]) this.buttons.get(layer).hidden = data.steps.length < 2;
    this.buttons.get("multiloop").hidden = !data.multiloops.length;
    this.buttons.get("known").hidden = !data.reference;
    document.getElementById("opacity").hidden = !boxes.length;
  }
}
