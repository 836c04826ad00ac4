// The focused film over the whole grid; every deciding key works on it.

import { button, definitions, element, icon, withKey } from "../shared/dom.js";
import { decisionText, reasonText } from "../shared/format.js";
import { helpRow, keyName } from "../shared/keys.js";
import { Viewer } from "../shared/viewer.js";
import { ViewerTools } from "../shared/viewer_tools.js";

/** @returns {[string, string][]} */
const hints = () => [
  ["wheel", "zoom"],
  ["drag", "move"],
  ["right drag", "W, L"],
  [helpRow("narrower")[0], "window"],
  [helpRow("brighter")[0], "level"],
  [keyName("invert"), "invert"],
  [keyName("reset"), "reset"],
];

export class Enlarged {
  #stage = element("div", { class: "enlarged-stage", attributes: { tabindex: "0" } });
  #title = element("p", { class: "enlarged-title" });
  #decision = element("p", { class: "enlarged-decision" });

  /**
   * @param {HTMLElement} host
   * @param {import("./grid.js").Grid} grid
   * @param {import("./thumbnails.js").Thumbnails} thumbnails
   * @param {import("./decision_state.js").DecisionState} states
   */
  constructor(host, grid, thumbnails, states) {
    this.host = host;
    this.grid = grid;
    this.thumbnails = thumbnails;
    this.states = states;
    this.viewer = new Viewer(this.#stage);
    this.tools = new ViewerTools(this.viewer.windowing, (action) => this.viewer.act(action));
    this.viewer.viewport.addEventListener("change", () => this.tools.show(this.viewer.isFullSize));
    host.append(
      this.#stage,
      this.#title,
      this.#decision,
      this.tools.host,
      button({ class: "enlarged-close", on: { click: () => this.close() } }, ...withKey("Back", keyName("close"))),
      definitions("enlarged-hint", hints()),
    );
    // Both, for a small picture stands there until the film comes.
    for (const images of new Set([thumbnails.images, thumbnails.films])) images.addEventListener("change", () => this.update());
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
    const shown = this.states.of(name);
    const label = [`Film ${this.grid.index + 1} of ${this.grid.names.length}`, shown.code].filter(Boolean).join(" · ");
    const { names, index } = this.grid;
    this.thumbnails.look([name, ...[names[index + 1], names[index - 1]].filter(Boolean)]);
    const url = this.thumbnails.best(name);
    const whole = this.thumbnails.isWhole(name);
    if (this.viewer.image.getAttribute("src") !== (url || null)) this.viewer.show(url, label, whole);
    const mirrored = this.grid.isMirrored(name);
    this.viewer.orient({ mirrored, inverted: false });
    this.#title.textContent =
      label + (this.grid.isBroken(name) ? " · cannot be shown" : "") + (mirrored ? " · faces right, shown mirrored" : "");
    this.host.dataset.state = shown.decision ?? "open";
    this.host.dataset.saving = String(shown.saving);
    this.#stage.setAttribute("aria-label", `${label}: ${decisionText(shown)}`);
    this.#decision.replaceChildren(
      ...(shown.decision === "exclude"
        ? [icon("cross"), reasonText(shown.reason)]
        : shown.decision === "keep"
          ? [icon("tick"), "kept"]
          : []),
    );
  }
}
