// A card that a person sees once, before the first film: what is asked, and how.

import { button, definitions, element } from "./dom.js";
import { safeStorage } from "./pending_store.js";

/**
 * Show the card in the place of the films until it is put away; at once where it was, in this
 * browser, or where it is not needed.
 *
 * @param {object} parts
 * @param {string} parts.room of one page and one person: two may use the same browser
 * @param {import("./empty_state.js").EmptyState} parts.emptyState
 * @param {Node[]} parts.card
 * @param {boolean} parts.known whether the person has begun
 * @returns {Promise<void>}
 */
export function firstVisit({ room, emptyState, card, known }) {
  const key = `${room}/introduced`;
  const storage = safeStorage();
  return new Promise((resolve) => {
    const begin = () => {
      try {
        storage?.setItem(key, "yes");
      } catch {
        // then the card comes once more with the next visit
      }
      document.removeEventListener("keydown", press, true);
      emptyState.hide();
      resolve();
    };
    /** @param {KeyboardEvent} event */
    const press = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Tab") return;
      event.stopPropagation(); // no key decides on a film that is not seen yet
      if (event.key !== "Enter" || event.repeat) return;
      event.preventDefault();
      begin();
    };
    if (known || storage?.getItem(key)) {
      begin();
      return;
    }
    document.addEventListener("keydown", press, true);
    emptyState.show([
      ...card,
      button({ class: "primary start", on: { click: begin } }, "Begin", element("kbd", { text: "Enter" })),
    ]);
  });
}

/**
 * What a card says.
 *
 * @param {object} parts
 * @param {string} parts.title
 * @param {string[]} parts.lines
 * @param {string} [parts.list] heading of the terms
 * @param {readonly (readonly [string, string])[]} [parts.terms] reasons or criteria, and their meanings
 * @param {readonly (readonly [string, string])[]} parts.keys the few that are needed at first
 * @returns {Node[]}
 */
export function taskCard({ title, lines, list = "", terms = [], keys }) {
  return [
    element("h2", { text: title }),
    element(
      "div",
      { class: "instructions" },
      ...lines.map((text) => element("p", { text })),
      ...(terms.length > 0 ? [element("h3", { text: list }), definitions("task-terms", terms)] : []),
      element("h3", { text: "Mouse or keyboard, as you like" }),
      definitions("first-keys", keys.map(([key, help]) => [element("kbd", { text: key }), help])),
      element("p", { class: "muted", text: "Every decision is saved at once: stop at any time, and open this page again later." }),
    ),
  ];
}
