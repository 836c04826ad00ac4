// The small windows: a note, the help, and what the page is about.

import { button, definitions, element, withKey } from "./dom.js";
import { actionOf, isForFingers } from "./keys.js";

/** As many characters as the log takes. */
const LONGEST_NOTE = 2000;
/** An Enter that comes sooner, before anything was changed, was meant for the page. */
const GUARD_MS = 300;
export const TOO_EARLY = "Nothing was saved: this window had only just opened. Press Enter again.";

/**
 * Ask for a note. Enter saves, Shift + Enter begins a line, Escape leaves it as it was.
 *
 * @param {string} title
 * @param {string} note as it stands
 * @param {string} hint what it is for
 * @returns {Promise<string|null>} null when nothing is to change
 */
export function askNote(title, note, hint) {
  return new Promise((resolve) => {
    const text = element("textarea", {
      class: "note-text",
      attributes: { maxlength: LONGEST_NOTE, rows: 4, "aria-label": "Note" },
    });
    text.value = note;
    /** @type {string|null} */
    let answer = null;
    const explained = element("p", { class: "muted", text: hint, attributes: { role: "status" } });
    const save = () => {
      answer = text.value.trim();
      dialog.close();
    };
    const dialog = element(
      "dialog",
      { class: "dialog note", attributes: { "aria-label": `Note: ${title}` } },
      element("h2", { text: `Note: ${title}` }),
      text,
      explained,
      element(
        "div",
        { class: "dialog-buttons" },
        button({ on: { click: () => dialog.close() } }, ...withKey("Leave as it was", "Esc")),
        button({ class: "primary", on: { click: save } }, ...withKey("Save note", "Enter")),
      ),
    );
    text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (early() && text.value === note) explained.textContent = TOO_EARLY;
      else save();
    });
    const early = openDialog(dialog, () => resolve(answer));
    text.focus();
  });
}

/** Keys that do the same, each on a cap of its own. @param {string} shown */
const keyCaps = (shown) => {
  const caps = document.createDocumentFragment();
  caps.append(...shown.split(", ").flatMap((text, place) => [...(place > 0 ? [" "] : []), element("kbd", { text })]));
  return caps;
};

/**
 * Show what keys, mouse and fingers do; the key that opens it or Escape closes it.
 *
 * @param {readonly import("./keys.js").Group[]} listed
 * @param {string} others what mouse and fingers do
 * @param {() => Node[]} task the card on what the page is about; empty: it has none
 */
export function showHelp(listed, others, task) {
  const groups = listed.map(({ title, keys }) =>
    element(
      "section",
      {},
      element("h3", { text: title }),
      definitions(
        "key-list",
        keys.flatMap(({ shown, help }) => (shown ? [[keyCaps(shown), help]] : [])),
      ),
    ),
  );
  const parts = [element("div", { class: "key-groups" }, ...groups), element("p", { class: "muted", text: others })];
  const card = task();
  const about = button({ text: "What this is about", attributes: { "data-action": "task" }, on: { click: () => showTask(dialog, card) } });
  const dialog = element(
    "dialog",
    { class: "dialog keys", attributes: { "aria-label": "Help" } },
    element("h2", { text: "Help" }),
    ...(isForFingers() ? parts.reverse() : parts),
    element("div", { class: "dialog-buttons" }, ...(card.length > 0 ? [about] : []), closeButton(() => dialog)),
  );
  dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (actionOf(event) !== "help") return;
    event.preventDefault();
    dialog.close();
  });
  openDialog(dialog, () => {});
}

/**
 * The card of the first visit, in place of the help.
 *
 * @param {HTMLDialogElement} help
 * @param {Node[]} card
 */
function showTask(help, card) {
  help.close(); // the keyboard is where it was before the help
  const dialog = element(
    "dialog",
    { class: "dialog task", attributes: { "aria-label": "What this is about" } },
    ...card,
    element("div", { class: "dialog-buttons" }, closeButton(() => dialog)),
  );
  openDialog(dialog, () => {});
}

/** The button that has the keyboard when a window opens. @param {() => HTMLDialogElement} dialog */
const closeButton = (dialog) =>
  button({ class: "primary", attributes: { autofocus: true }, on: { click: () => dialog().close() } }, ...withKey("Close", "Esc"));

/**
 * Show a small window; its keys are not the page's.
 *
 * @param {HTMLDialogElement} dialog
 * @param {() => void} closed called when it is closed, however that came
 * @returns {() => boolean} whether it has only just opened
 */
export function openDialog(dialog, closed) {
  // Keys in here are not the page's.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  const opened = performance.now();
  return () => performance.now() - opened < GUARD_MS;
}
