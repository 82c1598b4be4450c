// Light or dark: as the system says, until the button says otherwise.

class Theme {
  constructor(state) {
    this.state = state;
    this.button = document.getElementById("theme");
    this.button.addEventListener("click", () => this.toggle());
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", () => this.set(system.matches));
    this.set(system.matches);
  }

  get dark() {
    return document.documentElement.dataset.theme === "dark";
  }

  set(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    this.button.textContent = dark ? "Light" : "Dark";
    this.button.setAttribute("aria-pressed", String(dark));
    this.state.changed("theme");
  }

  toggle() {
    this.set(!this.dark);
  }
}
