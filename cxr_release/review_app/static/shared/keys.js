// The keys of this page, as the server tells them: what each does, and what the help says of it.

/**
 * @typedef {object} Key
 * @property {string[]} keys as `KeyboardEvent.key` gives them in lower case, after "ctrl+" and "shift+"
 * @property {string} action
 * @property {string} name what buttons call it: its first key
 * @property {boolean} repeats whether holding the key down goes on; no decision does
 * @property {""|"grid"|"viewer"} where its keys count in that alone; empty: everywhere
 * @property {string} shown what the help calls it, and the keys beside it that belong together; empty: it is not listed
 * @property {string} help
 */

/** @typedef {{title: string, keys: Key[]}} Group */

/** @type {Group[]} */
let groups = [];

/** @param {Group[]} told by the server, before anything is drawn */
export function useKeys(told) {
  groups = told;
}

export const allKeys = () => groups;

/** @param {string} action */
const keyOf = (action) => groups.flatMap(({ keys }) => keys).find((key) => key.action === action);

/**
 * What buttons call the key of an action.
 *
 * @param {string} action
 */
export const keyName = (action) => keyOf(action)?.name ?? "";

/** Where CSS leaves no name of a key on a button: see screens.css. */
const FOR_FINGERS = matchMedia("(max-width: 1023px), (pointer: coarse)");

/** Whether the page is as fingers need it, so that a key may not be at hand. */
export const isForFingers = () => FOR_FINGERS.matches;

/**
 * A control as sentences name it: with its key in brackets, unless there may be no keyboard.
 *
 * @param {string} control what stands on it
 * @param {string} action that it has
 */
export function controlName(control, action) {
  const key = keyName(action);
  return key === "" || isForFingers() ? control : `${control} (${key})`;
}

/**
 * All keys of a row of the help, and what it says of them.
 *
 * @param {string} action the first of the row
 * @returns {[string, string]}
 */
export function helpRow(action) {
  const key = keyOf(action);
  return [key?.shown ?? "", key?.help ?? ""];
}

/**
 * Leave a row out of the help: what it asks for, this project does not have.
 *
 * @param {string} action the first of the row
 */
export function unlist(action) {
  const key = keyOf(action);
  if (key) key.shown = "";
}

/**
 * What a key press asks for; empty where it is not the page's.
 *
 * @param {KeyboardEvent} event
 * @param {string} [where] what is on the screen: "grid" or "viewer"
 * @returns {string} an action
 */
export function actionOf(event, where = "") {
  const listed = groups.flatMap(({ keys }) => keys).filter((key) => !key.where || key.where === where);
  for (const name of namesOf(event)) {
    const key = listed.find(({ keys }) => keys.includes(name));
    if (key) return event.repeat && !key.repeats ? "" : key.action;
  }
  return "";
}

/**
 * What a press may be called, the likeliest first.
 *
 * @param {KeyboardEvent} event
 * @returns {string[]}
 */
function namesOf(event) {
  const typed = event.getModifierState("AltGraph"); // types [ and ] on many keyboards
  const held = !typed && (event.ctrlKey || event.metaKey);
  if (event.altKey && !typed) return [];
  const pressed = [event.key.toLowerCase()];
  // Where no key types a letter of the table, as on a Greek keyboard, its place counts.
  const place = /^Key([A-Z])$/.exec(event.code);
  if (place && event.key.length === 1 && event.key > "\x7f") pressed.push(place[1].toLowerCase());
  if (held) return pressed.map((key) => `ctrl+${event.shiftKey ? "shift+" : ""}${key}`);
  // Where digits need Shift (AZERTY), the plain key counts too.
  const digit = typed ? null : /^Digit([0-9])$/.exec(event.code);
  const shifted = event.shiftKey ? pressed.map((key) => `shift+${key}`) : [];
  // With Shift a letter is the same letter; Delete, an arrow or Enter is not the same key.
  const plain = event.shiftKey && event.key.length > 1 ? [] : pressed;
  return [...shifted, ...plain, ...(digit ? [digit[1]] : [])];
}
