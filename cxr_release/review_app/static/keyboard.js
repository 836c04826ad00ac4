// What a key press asks of a page that lists its keys.

/**
 * @typedef {object} Key
 * @property {string[]} keys as `KeyboardEvent.key` gives them, letters in lower case
 * @property {string} action
 * @property {string} shows
 * @property {string} says
 * @property {boolean} [repeats] whether holding the key down goes on; no decision does
 */

/** @typedef {{title: string, keys: Key[]}} Group */

const PAN = { ArrowLeft: "pan-left", ArrowRight: "pan-right", ArrowUp: "pan-up", ArrowDown: "pan-down" };

/**
 * Whether a key press is the browser's own: AltGr types [ and ] on many keyboards; any other Ctrl,
 * Alt or Meta is not for a page.
 *
 * @param {KeyboardEvent} event
 */
export function foreign(event) {
  return (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph");
}

/**
 * Shift + arrows move an enlarged film.
 *
 * @param {KeyboardEvent} event
 * @returns {string} empty where it is none of these
 */
export function panOf(event) {
  return (event.shiftKey && PAN[/** @type {keyof PAN} */ (event.key)]) || "";
}

/**
 * The key of a list that was pressed.
 *
 * @param {KeyboardEvent} event
 * @param {readonly Group[]} groups
 * @returns {Key|null}
 */
export function keyOf(event, groups) {
  const pressed = event.key.toLowerCase();
  for (const { keys: listed } of groups) {
    const found = listed.find(({ keys }) => keys.includes(pressed));
    if (found) return found;
  }
  return null;
}
