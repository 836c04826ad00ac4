// What stands around the film: how far, all points at a glance, and what can be done.

import { button, element, setAttributes } from "../shared/dom.js";
import { dateTime, number } from "../shared/format.js";
import { Header, actionButton } from "../shared/frame.js";
import { keyName } from "../shared/keys.js";

/** @type {Record<string, string>} */
const MEANINGS = {
  centroid: "the middle of the body, without the dens",
  "top left": "upper front corner",
  "top right": "upper back corner",
  "bottom left": "lower front corner",
  "bottom right": "lower back corner",
};
/** @type {[string, string][]} */
const ACTIONS = [
  ["go-on", "Save and go on"],
  ["not-seen", "Not visible"],
  ["restart", "As at first"],
  ["retract", "Take back"],
];

export class LandmarkPanel {
  /**
   * @param {{header: HTMLElement, points: HTMLElement, footer: HTMLElement}} hosts
   * @param {import("./api.js").Setup} setup
   * @param {(action: string) => void} act
   * @param {(index: number) => void} select
   */
  constructor({ header, points, footer }, setup, act, select) {
    this.setup = setup;
    this.header = new Header(header, {
      title: setup.title,
      person: setup.reviewer,
      counted: "Films with landmarks",
      more: [],
      moves: ["The film before", "The next film; nothing is saved"],
      act,
    });
    this.buttons = setup.names.map((name, index) =>
      button({ class: "point", attributes: { "data-point": name, title: name, "aria-label": name }, on: { click: () => select(index) } }),
    );
    const levels = [...new Set(setup.names.map((name) => name.split(" ")[0]))];
    points.append(
      element("h2", { text: "Front is left" }),
      ...levels.map((level) =>
        element(
          "div",
          { class: "level-points" },
          element("span", { text: level }),
          element("div", { class: "corners" }, ...this.buttons.filter((_, index) => setup.names[index].startsWith(`${level} `))),
        ),
      ),
    );
    this.name = element("p", { class: "point-name" });
    this.meaning = element("p", { class: "muted" });
    this.state = element("p", { class: "decision-state" });
    this.actions = ACTIONS.map(([action, text]) => actionButton(text, keyName(action), action, act));
    footer.append(
      element("section", { class: "chosen", attributes: { "aria-label": "Selected landmark" } }, this.name, this.meaning),
      element(
        "section",
        { class: "decision", attributes: { "aria-label": "Placement" } },
        element("div", { class: "decision-buttons" }, ...this.actions),
        this.state,
      ),
    );
  }

  /**
   * @param {import("./api.js").Progress|null} progress
   * @param {number} unsent
   */
  showProgress(progress, unsent) {
    this.header.progress.showSaving(unsent);
    if (progress === null) return;
    const { done, left } = progress;
    const all = done + left;
    this.header.left.textContent = all > 0 ? `${number(done)} placed, ${number(left)} left` : "";
    this.header.progress.show(done, all);
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {import("../shared/worklist.js").Shown|null} shown
   * @param {import("./places.js").Places|null} places
   */
  showFilm(index, total, shown, places) {
    this.header.place.textContent = shown ? `Film ${number(index + 1)} of ${number(total)} · ${shown.code}` : "No film";
    const at = dateTime(shown?.at ?? "");
    this.state.dataset.saving = String(shown?.saving ?? false);
    this.state.dataset.changed = String(places?.changed ?? false);
    const began = shown?.start === "model" ? "points are where the model put them" : "points are where a template has them";
    if (shown === null) this.state.textContent = "";
    else if (shown.saving) this.state.textContent = shown.decision ? "Saving …" : "Taking it back …";
    else if (places?.changed) this.state.textContent = shown.decision ? "Changed since you saved it" : "Changed, not saved yet";
    else this.state.textContent = shown.decision ? `You placed these${at && ` · ${at}`}` : `Not saved yet: ${began}`;
    for (const pressed of this.actions) pressed.disabled = shown === null;
  }

  /**
   * @param {import("./places.js").Places|null} places
   * @param {number} selected
   */
  showPoints(places, selected) {
    for (const [index, made] of this.buttons.entries()) {
      setAttributes(made, { "aria-pressed": String(index === selected) });
      made.disabled = places === null;
      made.dataset.seen = String(places?.points[index].seen ?? true);
    }
    const name = this.setup.names[selected];
    const place = places?.points[selected];
    this.name.textContent = places === null ? "" : `${name} · ${selected + 1} of ${this.setup.names.length}`;
    const [level, ...corner] = name.split(" ");
    const where = place?.seen ? `x ${place.x.toFixed(2)}, y ${place.y.toFixed(2)}` : "not visible";
    this.meaning.textContent = place ? `${level}: ${MEANINGS[corner.join(" ")]} · ${where}` : "";
  }
}
