// What stands around the pair: how far, which view, what a copy is, the verdicts.

import { button, definitions, element, setAttributes } from "../shared/dom.js";
import { dateTime, number } from "../shared/format.js";
import { Header, choiceButtons } from "../shared/frame.js";
import { helpRow, keyName } from "../shared/keys.js";
import { VERDICTS, VERDICT_TEXTS } from "./api.js";

/** What a copy is, as it was laid down before anybody looked at a pair. */
const RULE = "A copy is nearly identical to the real film in any of these, beyond what two films may share by chance:";
/** @type {[string, string][]} */
const MODES = [
  ["side", "Side by side"],
  ["flicker", "Flicker"],
  ["difference", "Difference"],
];
export class VerdictPanel {
  /**
   * @param {HTMLElement} header
   * @param {HTMLElement} footer
   * @param {import("./api.js").Setup} setup
   * @param {(action: string) => void} act
   */
  constructor(header, footer, setup, act) {
    this.modes = MODES.map(([mode, text]) =>
      button({ text, attributes: { "data-action": mode, title: helpRow("view").join(": ") }, on: { click: () => act(mode) } }),
    );
    this.verdicts = choiceButtons(VERDICTS, VERDICT_TEXTS, act);
    this.state = element("p", { class: "verdict-state" });
    this.note = button({ class: "note-button", on: { click: () => act("note") } });
    this.header = new Header(header, {
      title: setup.title,
      person: setup.adjudicates ? `${setup.reviewer}, adjudicator` : setup.reviewer,
      counted: "Pairs judged",
      more: [element("div", { class: "modes", attributes: { role: "group", "aria-label": "View" } }, ...this.modes)],
      moves: ["The pair before", "The next pair; nothing is judged"],
      act,
    });
    footer.append(
      element(
        "section",
        { class: "criteria", attributes: { "aria-label": "What a copy is" } },
        element("h2", { text: RULE }),
        definitions("", setup.criteria, true),
      ),
      element(
        "section",
        { class: "verdict", attributes: { "aria-label": "Verdict" } },
        element("div", { class: "verdict-buttons" }, ...this.verdicts),
        element("div", { class: "verdict-line" }, this.state, this.note),
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
    this.header.left.textContent = all > 0 ? `${number(done)} judged, ${number(left)} left` : "";
    this.header.progress.show(done, all);
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {import("../shared/worklist.js").Shown|null} shown
   * @param {string} draft a note that waits for its verdict
   */
  showPair(index, total, shown, draft) {
    this.header.place.textContent = shown ? `Pair ${number(index + 1)} of ${number(total)}` : "No pair";
    const at = dateTime(shown?.at ?? "");
    const verdict = shown?.verdict ? VERDICT_TEXTS[shown.verdict] : "";
    this.state.dataset.saving = String(shown?.saving ?? false);
    if (shown === null) this.state.textContent = "";
    else if (shown.saving) this.state.textContent = verdict ? `Saving: ${verdict} …` : "Taking it back …";
    else this.state.textContent = verdict ? `You said: ${verdict}${at && ` · ${at}`}` : "Not judged yet";
    const note = shown?.saving || !draft ? (shown?.note ?? "") : draft;
    this.note.replaceChildren(
      element("span", { text: note ? `Note: ${note}` : "Note" }),
      element("kbd", { text: keyName("note") }),
    );
    this.note.title = note;
    for (const pressed of [this.note, ...this.modes, ...this.verdicts]) pressed.disabled = shown === null;
    for (const made of this.verdicts) setAttributes(made, { "aria-pressed": String(made.dataset.choice === shown?.verdict) });
  }

  /** @param {import("./pair_view.js").Mode} mode */
  showMode(mode) {
    for (const made of this.modes) setAttributes(made, { "aria-pressed": String(made.dataset.action === mode) });
  }
}
