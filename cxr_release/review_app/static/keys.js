// Every key, once: what it does, and what the help says of it.

import { foreign, keyOf, panOf } from "./keyboard.js";

/** @type {(import("./keyboard.js").Group & {where: "both"|"grid"|"viewer"})[]} */
export const KEYS = [
  {
    title: "Decide on the film in the frame",
    where: "both",
    keys: [
      { keys: [], action: "reason", shows: "1 – 9, 0", says: "exclude it with this reason (0 is the tenth)" },
      { keys: ["x"], action: "exclude", shows: "x", says: "exclude it with the last reason again" },
      { keys: ["f"], action: "facing", shows: "f", says: "exclude it: wrong facing" },
      { keys: ["m"], action: "mirror", shows: "m", says: "it faces right: mirror it; again: take that back" },
      { keys: ["k"], action: "keep", shows: "k", says: "keep it" },
      { keys: ["u"], action: "take-back", shows: "u", says: "take back its decision, or the last one you made" },
      { keys: ["n"], action: "note", shows: "n", says: "add a note to its exclusion" },
    ],
  },
  {
    title: "Move",
    where: "grid",
    keys: [
      { keys: ["enter"], action: "go-on", shows: "Enter", says: "keep all the rest of the page and go on" },
      { keys: ["arrowleft"], action: "left", shows: "← → ↑ ↓", says: "to the next film", repeats: true },
      { keys: ["arrowright"], action: "right", shows: "", says: "", repeats: true },
      { keys: ["arrowup"], action: "up", shows: "", says: "", repeats: true },
      { keys: ["arrowdown"], action: "down", shows: "", says: "", repeats: true },
      { keys: ["home"], action: "first", shows: "Home, End", says: "to the first or last film of the page" },
      { keys: ["end"], action: "last", shows: "", says: "" },
      { keys: [" "], action: "enlarge", shows: "Space", says: "enlarge the film, also by double click" },
    ],
  },
  {
    title: "Pages",
    where: "both",
    keys: [
      { keys: ["pageup", "["], action: "previous-page", shows: "Page Up, [", says: "previous page, nothing is decided" },
      { keys: ["pagedown", "]"], action: "next-page", shows: "Page Down, ]", says: "next page, nothing is decided" },
      { keys: ["h"], action: "preview", shows: "h", says: "larger preview under the mouse: on or off" },
      { keys: ["?"], action: "help", shows: "?", says: "these keys" },
    ],
  },
  {
    title: "In the enlarged film",
    where: "viewer",
    keys: [
      { keys: ["arrowleft", "arrowup"], action: "previous-film", shows: "← →", says: "previous or next film", repeats: true },
      { keys: ["arrowright", "arrowdown"], action: "next-film", shows: "", says: "", repeats: true },
      { keys: ["+", "="], action: "zoom-in", shows: "+ −, wheel", says: "zoom; drag or Shift + arrows to move", repeats: true },
      { keys: ["-"], action: "zoom-out", shows: "", says: "", repeats: true },
      { keys: ["w"], action: "brighter", shows: "w s", says: "level: brighter, darker", repeats: true },
      { keys: ["s"], action: "darker", shows: "", says: "", repeats: true },
      { keys: ["a"], action: "narrower", shows: "a d", says: "window: more contrast, less", repeats: true },
      { keys: ["d"], action: "wider", shows: "", says: "", repeats: true },
      { keys: [], action: "", shows: "right drag", says: "window sideways, level up and down" },
      { keys: ["i"], action: "invert", shows: "i", says: "invert the display" },
      { keys: ["r"], action: "reset", shows: "r", says: "zoom, window and level as they were" },
      { keys: ["escape", " "], action: "close", shows: "Esc, Space", says: "back to the page" },
      { keys: ["enter"], action: "go-on", shows: "", says: "" },
    ],
  },
];

/**
 * What a key press asks for; null where it is not ours.
 *
 * @param {KeyboardEvent} event
 * @param {"grid"|"viewer"} where
 * @returns {{action: string, digit: number}|null}
 */
export function wish(event, where) {
  if (foreign(event)) return null;
  const pan = where === "viewer" && panOf(event);
  if (pan) return { action: pan, digit: -1 };
  if (/^[0-9]$/.test(event.key)) return reason(event, event.key);
  const found = keyOf(event, KEYS.filter((group) => group.where === "both" || group.where === where));
  if (found) return event.repeat && !found.repeats ? null : { action: found.action, digit: -1 };
  // Where digits need Shift (AZERTY), the plain key counts too.
  const code = /^Digit([0-9])$/.exec(event.code);
  return code && !event.getModifierState("AltGraph") ? reason(event, code[1]) : null;
}

/**
 * @param {KeyboardEvent} event
 * @param {string} digit
 */
function reason(event, digit) {
  return event.repeat ? null : { action: "reason", digit: (Number(digit) + 9) % 10 };
}
