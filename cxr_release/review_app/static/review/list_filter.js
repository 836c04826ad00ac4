// Which films of a view are listed: by what was decided, for which reason, and with a note or without.

import { element } from "../shared/dom.js";
import { count, reasonText } from "../shared/format.js";

/** @typedef {import("./api.js").View} View */
/** @typedef {import("./api.js").Listed} Listed */

/** @type {Listed} */
export const ALL = { state: "", reason: "", note: "" };

/** @type {readonly [string, string][]} */
const STATES = [
  ["", "all states"],
  ["open", "not decided"],
  ["keep", "kept"],
  ["exclude", "excluded"],
];
/** @type {readonly [string, string][]} */
const NOTES = [
  ["", "any note"],
  ["with", "with a note"],
  ["without", "without a note"],
];

const WHOLE = "Show all of this list";

/** @param {Listed} listed */
export const isAll = ({ state, reason, note }) => !state && !reason && !note;

/**
 * Whether a film is in a view that is narrowed so; the server's own rule.
 *
 * @param {View} view
 * @param {Listed} listed
 * @param {import("./decision_state.js").Shown} shown
 */
export function holds(view, { state, reason, note }, shown) {
  if (view === "excluded" && shown.decision !== "exclude") return false;
  if (view === "decided" && shown.decision === null) return false;
  if (state && state !== (shown.decision ?? "open")) return false;
  return (!reason || shown.reason === reason) && (!note || (note === "with") === (shown.note !== ""));
}

/** Event "change" when somebody chose otherwise. */
export class ListFilter extends EventTarget {
  /** @param {{code: string}[]} reasons */
  constructor(reasons) {
    super();
    this.state = this.#choice("What was decided", STATES);
    this.reason = this.#choice("Reason", [["", "any reason"], ...reasons.map(({ code }) => [code, reasonText(code)])]);
    this.note = this.#choice("Note", NOTES);
    this.found = element("span", { text: WHOLE, attributes: { role: "status" } });
    // The keyboard stays with the films when the mouse opens this.
    const stay = (/** @type {Event} */ event) => event.preventDefault();
    this.host = element(
      "details",
      { class: "list-filter" },
      element("summary", { on: { mousedown: stay } }, this.found),
      element("div", { class: "filter-choices" }, this.state, this.note, this.reason),
    );
  }

  /** @returns {Listed} */
  get listed() {
    return { state: this.state.value, reason: this.reason.value, note: this.note.value };
  }

  /**
   * @param {View} view
   * @param {Listed} listed
   * @param {number|null} matching films that are listed in all; null: all of the view are
   */
  show(view, listed, matching) {
    for (const name of /** @type {const} */ (["state", "reason", "note"])) this[name].value = listed[name];
    this.state.hidden = view === "excluded"; // says so itself
    for (const option of this.state.options) option.hidden = view === "decided" && option.value === "open";
    const chosen = [this.state, this.reason, this.note].filter(({ value }) => value !== "");
    const texts = chosen.map(({ selectedOptions }) => selectedOptions[0].text);
    this.host.dataset.set = String(texts.length > 0);
    this.found.textContent = texts.length > 0 ? `${texts.join(", ")}: ${count(matching ?? 0, "film")}` : WHOLE;
  }

  /**
   * @param {string} label
   * @param {readonly (readonly string[])[]} options value and text
   */
  #choice(label, options) {
    const select = element(
      "select",
      { attributes: { "aria-label": label, title: label } },
      ...options.map(([value, text]) => element("option", { text, attributes: { value } })),
    );
    select.addEventListener("change", () => {
      select.blur(); // the keys are the films' again
      this.dispatchEvent(new Event("change"));
    });
    return select;
  }
}
