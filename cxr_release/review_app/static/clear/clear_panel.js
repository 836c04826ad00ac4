// What stands around the film: how far, what to look for, the decisions.

import { definitions, element, setAttributes } from "../shared/dom.js";
import { dateTime, number } from "../shared/format.js";
import { Header, actionButton, choiceButtons } from "../shared/frame.js";
import { keyName } from "../shared/keys.js";
import { DECISIONS, DECISION_TEXTS } from "./api.js";

const RULE = "A film shows text when anything on it may say who, where or when, in whatever hand or print:";
/** @type {readonly [string, string][]} */
export const CRITERIA = [
  ["Names and numbers", "Of a patient, a doctor, a hospital; of a case, a request, a cassette."],
  ["Dates and times", "Of birth or of the examination, on a sticker or burned in."],
  ["Marks", "A label, a signature, a jewel or an implant's number. A bare L or R does not count."],
];
export class ClearPanel {
  /**
   * @param {HTMLElement} header
   * @param {HTMLElement} footer
   * @param {import("./api.js").Setup} setup
   * @param {(action: string) => void} act
   */
  constructor(header, footer, setup, act) {
    this.decisions = choiceButtons(DECISIONS, DECISION_TEXTS, act);
    this.state = element("p", { class: "decision-state" });
    this.back = actionButton("Take back", keyName("retract"), "retract", act, { class: "take-back" });
    this.header = new Header(header, {
      title: setup.title,
      person: setup.reviewer,
      counted: "Films looked at",
      more: [],
      moves: ["The film before", "The next film; nothing is decided"],
      act,
    });
    footer.append(
      element(
        "section",
        { class: "criteria", attributes: { "aria-label": "What to look for" } },
        element("h2", { text: RULE }),
        definitions("", CRITERIA, true),
      ),
      element(
        "section",
        { class: "decision", attributes: { "aria-label": "Decision" } },
        element("div", { class: "decision-buttons" }, ...this.decisions),
        element("div", { class: "decision-line" }, this.state, this.back),
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
    const { done, left, text } = progress;
    const all = done + left;
    this.header.left.textContent =
      all > 0 ? `${number(done)} looked at${text > 0 ? `, ${number(text)} with text` : ""}, ${number(left)} left` : "";
    this.header.progress.show(done, all);
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {import("../shared/worklist.js").Shown|null} shown
   */
  showFilm(index, total, shown) {
    this.header.place.textContent = shown ? `Film ${number(index + 1)} of ${number(total)} · ${shown.code}` : "No film";
    const at = dateTime(shown?.at ?? "");
    const decision = shown?.decision ? DECISION_TEXTS[shown.decision] : "";
    this.state.dataset.saving = String(shown?.saving ?? false);
    this.state.dataset.decision = shown?.decision ?? "";
    if (shown === null) this.state.textContent = "";
    else if (shown.saving) this.state.textContent = decision ? `Saving: ${decision} …` : "Taking it back …";
    else this.state.textContent = decision ? `You said: ${decision}${at && ` · ${at}`}` : "Not decided yet";
    for (const pressed of this.decisions) {
      pressed.disabled = shown === null;
      setAttributes(pressed, { "aria-pressed": String(pressed.dataset.choice === shown?.decision) });
    }
  }
}
