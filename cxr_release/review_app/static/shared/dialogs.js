// The small windows: a note, and the keys.

import { button, definitions, element } from "./dom.js";

/** As many characters as the log takes. */
const LONGEST_NOTE = 2000;

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
    const save = () => {
      answer = text.value.trim();
      dialog.close();
    };
    const dialog = element(
      "dialog",
      { class: "dialog note", attributes: { "aria-label": `Note: ${title}` } },
      element("h2", { text: `Note: ${title}` }),
      text,
      element("p", { class: "muted", text: hint }),
      element(
        "div",
        { class: "dialog-buttons" },
        button({ text: "Leave as it was (Esc)", on: { click: () => dialog.close() } }),
        button({ class: "primary", text: "Save note (Enter)", on: { click: save } }),
      ),
    );
    text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      save();
    });
    openDialog(dialog, () => resolve(answer));
    text.focus();
  });
}

/**
 * Show what every key does; the same key or Escape closes it.
 *
 * @param {readonly import("./keys.js").Group[]} listed
 * @param {string} mouse what the mouse does
 */
export function showKeys(listed, mouse) {
  const groups = listed.map(({ title, keys }) =>
    element(
      "section",
      {},
      element("h3", { text: title }),
      definitions(
        "key-list",
        keys.flatMap(({ shown, help }) => (shown ? [[element("kbd", { text: shown }), help ?? ""]] : [])),
      ),
    ),
  );
  const dialog = element(
    "dialog",
    { class: "dialog keys", attributes: { "aria-label": "Keys" } },
    element("h2", { text: "Keys" }),
    element("div", { class: "key-groups" }, ...groups),
    element("p", { class: "muted", text: mouse }),
    element(
      "div",
      { class: "dialog-buttons" },
      button({ class: "primary", text: "Close (Esc)", on: { click: () => dialog.close() } }),
    ),
  );
  dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "?") return;
    event.preventDefault();
    dialog.close();
  });
  openDialog(dialog, () => {});
}

/**
 * Show a small window; its keys are not the page's.
 *
 * @param {HTMLDialogElement} dialog
 * @param {() => void} closed called when it is closed, however that came
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
}
