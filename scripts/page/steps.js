// The picks one by one: slider, buttons, playing, and the energy over the picks.

const PLAY_MS = 800;

class Steps {
  constructor(state) {
    this.state = state;
    this.timer = null;
    this.part = (id) => document.getElementById(id);
    this.slider = this.part("slider");
    this.slider.addEventListener("input", () => this.#leave(Number(this.slider.value)));
    const actions = {
      first: () => this.#leave(0),
      previous: () => this.#leave(state.step - 1),
      play: () => this.toggle(),
      next: () => this.#leave(state.step + 1),
      last: () => this.#leave(state.recording.lastStep),
    };
    for (const [id, action] of Object.entries(actions)) this.part(id).addEventListener("click", action);
    state.listen((changed) => {
      if (changed.has("record")) this.#build();
      if (changed.has("record") || changed.has("step")) this.#update();
    });
  }

  /** Go to a step by hand, which ends playing. */
  #leave(step) {
    this.pause();
    this.state.goTo(step);
  }

  go(by) {
    this.#leave(this.state.step + by);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.part("play").setAttribute("aria-pressed", "false");
    this.part("play").setAttribute("aria-label", "Play");
  }

  toggle() {
    if (this.timer !== null) return this.pause();
    const { state } = this;
    if (state.step === state.recording.lastStep) state.goTo(0);
    this.part("play").setAttribute("aria-pressed", "true");
    this.part("play").setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => {
      state.goTo(state.step + 1);
      if (state.step === state.recording.lastStep) this.pause();
    }, PLAY_MS);
  }

  #build() {
    this.pause();
    const { recording } = this.state;
    this.part("steps").hidden = recording.lastStep === 0;
    this.slider.max = recording.lastStep;
    const energies = recording.data.steps.map((step) => step.energy ?? 0);
    const [low, high] = [Math.min(0, ...energies), Math.max(0, ...energies)];
    this.trace = energies.map((energy, k) => [
      (100 * k) / Math.max(1, recording.lastStep),
      2 + (18 * (high - energy)) / (high - low || 1),
    ]);
    const svg = this.part("trace");
    svg.setAttribute("viewBox", "0 0 100 22");
    const lines = ["all", "done"].map((name) => {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("class", name);
      return line;
    });
    lines[0].setAttribute("d", polyline(this.trace));
    svg.replaceChildren(...lines);
  }

  #update() {
    const { recording, step } = this.state;
    const now = recording.data.steps[step];
    this.slider.value = step;
    if (!now) return;
    const masked = recording.maskedBy(step);
    this.part("pick").textContent = `${step} of ${recording.lastStep}`;
    this.part("energy").textContent = signed(now.energy);
    this.part("reward").textContent = signed(now.reward);
    this.part("masked").textContent = masked;
    const spoken = `${step} of ${recording.lastStep} picks, ${signed(now.energy)} kcal/mol, ${masked} masked`;
    this.slider.setAttribute("aria-valuetext", spoken);
    for (const id of ["first", "previous"]) this.part(id).disabled = step === 0;
    for (const id of ["next", "last"]) this.part(id).disabled = step === recording.lastStep;
    this.part("trace").lastChild?.setAttribute("d", polyline(this.trace.slice(0, step + 1)));
  }
}
