// The focused film over the whole grid; every deciding key works on it.

import { button, element, icon } from "./dom.js";
import { Viewer } from "./viewer.js";
import { code, state } from "./words.js";

const HINTS = [
  ["wheel", "zoom"],
  ["drag", "move"],
  ["right drag", "W, L"],
  ["a d", "window"],
  ["w s", "level"],
  ["i", "invert"],
  ["r", "reset"],
];

/** @param {string[]} texts */
function hint([key, says]) {
  return [element("dt", { text: key }), element("dd", { text: says })];
}

export class Enlarged {
  #stage = element("div", { class: "enlarged-stage", attributes: { tabindex: "0" } });
  #title = element("p", { class: "enlarged-title" });
  #verdict = element("p", { class: "enlarged-verdict" });

  /**
   * @param {HTMLElement} host
   * @param {import("./grid.js").Grid} grid
   * @param {import("./pictures.js").Pictures} pictures
   * @param {import("./standings.js").Standings} standings
   */
  constructor(host, grid, pictures, standings) {
    this.host = host;
    this.grid = grid;
    this.pictures = pictures;
    this.standings = standings;
    this.viewer = new Viewer(this.#stage);
    host.append(
      this.#stage,
      this.#title,
      this.#verdict,
      button({ class: "enlarged-close", text: "Back (Esc)", on: { click: () => this.close() } }),
      element("dl", { class: "enlarged-hint" }, ...HINTS.flatMap(hint)),
    );
    pictures.addEventListener("change", () => this.update());
  }

  get isOpen() {
    return !this.host.hidden;
  }

  open() {
    if (this.grid.name === null) return;
    this.host.hidden = false;
    this.grid.host.inert = true;
    this.viewer.fit();
    this.update();
    this.#stage.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.host.hidden = true;
    this.grid.host.inert = false;
    this.grid.focus(this.grid.index);
  }

  /**
   * @param {number} step
   * @returns {boolean} whether there was a film to go to
   */
  move(step) {
    const index = this.grid.index + step;
    if (index < 0 || index >= this.grid.names.length) return false;
    this.grid.focus(index);
    this.#stage.focus();
    return true;
  }

  /** Show the focused film as it stands now. */
  update() {
    if (!this.isOpen) return;
    const { name } = this.grid;
    if (name === null) {
      this.close();
      return;
    }
    const shown = this.standings.of(name);
    const place = `Film ${this.grid.index + 1} of ${this.grid.names.length}`;
    const url = this.pictures.get(name)?.url ?? "";
    if (this.viewer.image.getAttribute("src") !== (url || null)) this.viewer.show(url, place);
    const turned = this.grid.isTurned(name);
    this.viewer.turn({ mirrored: turned, inverted: false });
    this.#title.textContent =
      place + (this.grid.isBroken(name) ? " · cannot be shown" : "") + (turned ? " · faces right, shown mirrored" : "");
    this.host.dataset.state = shown.decision ?? "open";
    this.host.dataset.saving = String(shown.saving);
    this.#stage.setAttribute("aria-label", `${place}: ${state(shown)}`);
    this.#verdict.replaceChildren(
      ...(shown.decision === "exclude"
        ? [icon("cross"), code(shown.reason)]
        : shown.decision === "keep"
          ? [icon("tick"), "kept"]
          : []),
    );
  }
}
