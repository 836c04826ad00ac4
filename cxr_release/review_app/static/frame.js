// What stands above and below the films: how far, which view, what a copy is, the verdicts.

import { CRITERIA, RULE } from "./criteria.js";
import { button, element, setAttributes } from "./dom.js";
import { SAYS } from "./verdicts.js";
import { clock, number } from "./words.js";

/** @typedef {import("./docket.js").Shown} Shown */

const MODES = [
  ["side", "Side by side", "s"],
  ["flicker", "Flicker", "f"],
  ["difference", "Difference", "d"],
];
const WORDS = [
  ["copy", "Copy", "c"],
  ["not-a-copy", "Not a copy", "n"],
  ["unsure", "Unsure", "u"],
];

export class Frame {
  /**
   * @param {HTMLElement} head
   * @param {HTMLElement} foot
   * @param {import("./verdicts.js").Setup} setup
   * @param {(action: string) => void} act
   */
  constructor(head, foot, setup, act) {
    const pressed = ([action, text, key]) =>
      button({ attributes: { "data-action": action }, on: { click: () => act(action) } }, text, element("kbd", { text: key }));
    this.place = element("p", { class: "place" });
    this.fill = element("div", { class: "bar-fill" });
    this.bar = element(
      "div",
      { class: "bar", attributes: { role: "progressbar", "aria-label": "Pairs judged", "aria-valuemin": 0 } },
      this.fill,
    );
    this.left = element("p", { class: "left quiet" });
    this.saving = element("p", { class: "progress-saving" });
    this.modes = MODES.map(pressed);
    this.words = WORDS.map(pressed);
    this.state = element("p", { class: "state" });
    this.note = button({ class: "note-button", on: { click: () => act("note") } });
    head.append(
      element("h1", { text: setup.title, attributes: { title: setup.title } }),
      element("p", { class: "quiet", text: setup.adjudicates ? `${setup.reviewer}, adjudicator` : setup.reviewer }),
      element("div", { class: "how-far", attributes: { "aria-label": "Progress" } }, this.place, this.bar, this.left),
      this.saving,
      element("div", { class: "modes", attributes: { role: "group", "aria-label": "View" } }, ...this.modes),
      element(
        "div",
        { class: "moves" },
        button({ text: "‹", attributes: { title: "The pair before (←)", "aria-label": "The pair before" }, on: { click: () => act("back") } }),
        button({ text: "›", attributes: { title: "The next pair (→), nothing is judged", "aria-label": "The next pair" }, on: { click: () => act("on") } }),
        button({ text: "Keys ?", on: { click: () => act("help") } }),
      ),
    );
    foot.append(
      element(
        "section",
        { class: "criteria", attributes: { "aria-label": "What a copy is" } },
        element("h2", { text: RULE }),
        element(
          "dl",
          {},
          ...CRITERIA.map(([name, text]) => element("div", {}, element("dt", { text: name }), element("dd", { text }))),
        ),
      ),
      element(
        "section",
        { class: "verdict", attributes: { "aria-label": "Verdict" } },
        element("div", { class: "words" }, ...this.words),
        element("div", { class: "verdict-line" }, this.state, this.note),
      ),
    );
  }

  /**
   * @param {import("./verdicts.js").Progress|null} progress
   * @param {number} unsent
   */
  showProgress(progress, unsent) {
    this.saving.textContent = unsent > 0 ? `saving ${number(unsent)} …` : "";
    if (progress === null) return;
    const { done, left } = progress;
    const all = done + left;
    this.left.textContent = all > 0 ? `${number(done)} judged, ${number(left)} left` : "";
    this.fill.style.width = `${all > 0 ? (100 * done) / all : 100}%`;
    setAttributes(this.bar, { "aria-valuenow": done, "aria-valuemax": all });
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {Shown|null} shown
   * @param {string} draft a note that waits for its verdict
   */
  showPair(index, total, shown, draft) {
    this.place.textContent = shown ? `Pair ${number(index + 1)} of ${number(total)}` : "No pair";
    const at = clock(shown?.at ?? "");
    const word = shown?.verdict ? SAYS[shown.verdict] : "";
    this.state.dataset.saving = String(shown?.saving ?? false);
    if (shown === null) this.state.textContent = "";
    else if (shown.saving) this.state.textContent = word ? `Saving: ${word} …` : "Taking it back …";
    else this.state.textContent = word ? `You said: ${word}${at && ` · ${at}`}` : "Not judged yet";
    const note = shown?.saving || !draft ? (shown?.note ?? "") : draft;
    this.note.replaceChildren(element("span", { text: note ? `Note: ${note}` : "Note" }), element("kbd", { text: "t" }));
    this.note.title = note;
    this.note.disabled = shown === null;
    for (const one of this.words) {
      one.disabled = shown === null;
      setAttributes(one, { "aria-pressed": String(shown?.verdict === one.dataset.action) });
    }
    for (const one of this.modes) one.disabled = shown === null;
  }

  /** @param {import("./pair.js").Mode} mode */
  showMode(mode) {
    for (const one of this.modes) setAttributes(one, { "aria-pressed": String(one.dataset.action === mode) });
  }
}
