// Every key of the audit page, once: what it does, and what the help says of it.

import { foreign, keyOf, panOf } from "./keyboard.js";

/** @type {import("./keyboard.js").Group[]} */
export const KEYS = [
  {
    title: "Judge the pair",
    keys: [
      { keys: ["c"], action: "copy", shows: "c", says: "copy" },
      { keys: ["n"], action: "not-a-copy", shows: "n", says: "not a copy" },
      { keys: ["u"], action: "unsure", shows: "u", says: "unsure" },
      { keys: ["t"], action: "note", shows: "t", says: "text: a note that goes with the verdict" },
      { keys: ["delete"], action: "retract", shows: "Delete", says: "take your verdict on this pair back" },
    ],
  },
  {
    title: "Compare",
    keys: [
      { keys: ["s"], action: "side", shows: "s", says: "side by side" },
      { keys: ["f"], action: "flicker", shows: "f", says: "flicker: both in turn in one place" },
      { keys: [" "], action: "other", shows: "Space", says: "in the flicker: hold it, then the other film" },
      { keys: ["d"], action: "difference", shows: "d", says: "difference: black where both are equal" },
      { keys: ["o"], action: "as-made", shows: "o", says: "synthetic film as generated, or turned to match" },
    ],
  },
  {
    title: "Move",
    keys: [
      { keys: ["backspace", "arrowleft"], action: "back", shows: "←, Backspace", says: "the pair before, to look or to correct" },
      { keys: ["arrowright"], action: "on", shows: "→", says: "the next pair; nothing is judged" },
      { keys: ["?"], action: "help", shows: "?", says: "these keys" },
    ],
  },
  {
    title: "See",
    keys: [
      { keys: ["+", "="], action: "zoom-in", shows: "+ −, wheel", says: "zoom; drag or Shift + arrows to move", repeats: true },
      { keys: ["-"], action: "zoom-out", shows: "", says: "", repeats: true },
      { keys: ["w"], action: "brighter", shows: "w x", says: "level: brighter, darker", repeats: true },
      { keys: ["x"], action: "darker", shows: "", says: "", repeats: true },
      { keys: ["q"], action: "narrower", shows: "q e", says: "window: more contrast, less; a stronger difference, weaker", repeats: true },
      { keys: ["e"], action: "wider", shows: "", says: "", repeats: true },
      { keys: [], action: "", shows: "right drag", says: "window sideways, level up and down" },
      { keys: ["i"], action: "invert", shows: "i", says: "invert the display" },
      { keys: ["r"], action: "reset", shows: "r", says: "zoom, window and level as they were" },
    ],
  },
];

/**
 * What a key press asks for; empty where it is not ours.
 *
 * @param {KeyboardEvent} event
 * @returns {string}
 */
export function wish(event) {
  if (foreign(event)) return "";
  const pan = panOf(event);
  if (pan) return pan;
  const found = keyOf(event, KEYS);
  return found && (!event.repeat || found.repeats) ? found.action : "";
}
