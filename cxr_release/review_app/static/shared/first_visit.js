// A card that a person sees once, before the first film: what is asked, and how.

import { button, element } from "./dom.js";
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
    const start = button({ class: "primary start", on: { click: () => begin() } }, "Begin", element("kbd", { text: "Enter" }));
    const begin = () => {
      try {
        storage?.setItem(key, "yes");
      } catch {
        // then the card comes once more with the next visit
      }
      document.removeEventListener("keydown", press, true);
      if (start.isConnected) emptyState.hide();
      resolve();
    };
    /** @param {KeyboardEvent} event */
    const press = (event) => {
      // The mouse has led to films, or leads there: the page's keys are as always.
      if (!start.isConnected) begin();
      if (!start.isConnected || (event.target instanceof Element && event.target.closest("dialog, input, select, textarea"))) return;
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
    emptyState.show([...card, start]);
  });
}
