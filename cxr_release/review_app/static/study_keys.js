// Every key of the reader study's page, once: what it does, and what the help says of it.

import { foreign, keyOf, panOf } from "./keyboard.js";
import { SCALE } from "./study_form.js";

/** Letters of films; more than six on a page have the space bar. */
const PICKS = ["a", "b", "c", "d", "e", "f"];

const SCALE_SAYS = SCALE.map(([rating, says]) => `${rating} ${says}`).join(", ");

/**
 * @param {boolean} goingBack
 * @returns {import("./keyboard.js").Group[]}
 */
export function keysOf(goingBack) {
  const back = [
    { keys: ["pageup", "backspace"], action: "back", shows: "PageUp, Backspace", says: "the page before, to look or to change it" },
    { keys: ["pagedown"], action: "on", shows: "PageDown", says: "the page after it" },
  ];
  return [
    {
      title: "Say",
      keys: [
        ...SCALE.map(([rating]) => ({
          keys: [String(rating)],
          action: `rate-${rating}`,
          shows: rating === 1 ? "1 2 3 4" : "",
          says: `rate the framed film, ${SCALE_SAYS}; it goes on to the next without a rating`,
        })),
        ...PICKS.map((letter, place) => ({
          keys: [letter],
          action: `pick-${place}`,
          shows: place === 0 ? "a b c d …" : "",
          says: "film A, B, C, D … is the real one",
        })),
        { keys: [" ", "r"], action: "pick", shows: "Space, r", says: "the framed film is the real one" },
        { keys: ["enter"], action: "submit", shows: "Enter", says: "submit, and on to the next page" },
      ],
    },
    {
      title: "Move",
      keys: [
        { keys: ["arrowleft"], action: "left", shows: "← → ↑ ↓, Tab", says: "frame another film", repeats: true },
        { keys: ["arrowright"], action: "right", shows: "", says: "", repeats: true },
        { keys: ["arrowup"], action: "up", shows: "", says: "", repeats: true },
        { keys: ["arrowdown"], action: "down", shows: "", says: "", repeats: true },
        ...(goingBack ? back : []),
        { keys: ["?"], action: "help", shows: "?", says: "these keys" },
      ],
    },
    {
      title: "See",
      keys: [
        { keys: ["v"], action: "enlarge", shows: "v", says: "the framed film alone, large; again: all films" },
        { keys: ["escape"], action: "shrink", shows: "Esc", says: "all films" },
        { keys: ["+", "="], action: "zoom-in", shows: "+ −, wheel", says: "zoom the framed film; drag or Shift + arrows to move it", repeats: true },
        { keys: ["-"], action: "zoom-out", shows: "", says: "", repeats: true },
        { keys: ["w"], action: "brighter", shows: "w s", says: "level of all films: brighter, darker", repeats: true },
        { keys: ["s"], action: "darker", shows: "", says: "", repeats: true },
        { keys: ["q"], action: "narrower", shows: "q z", says: "window of all films: more contrast, less", repeats: true },
        { keys: ["z"], action: "wider", shows: "", says: "", repeats: true },
        { keys: [], action: "", shows: "right drag", says: "window sideways, level up and down" },
        { keys: ["i"], action: "invert", shows: "i", says: "invert the display" },
        { keys: ["0"], action: "reset", shows: "0", says: "zoom, window and level as they were" },
      ],
    },
  ];
}

/**
 * What a key press asks for; empty where it is not ours.
 *
 * @param {KeyboardEvent} event
 * @param {readonly import("./keyboard.js").Group[]} groups
 * @returns {string}
 */
export function wish(event, groups) {
  if (foreign(event)) return "";
  const pan = panOf(event);
  if (pan) return pan;
  const found = keyOf(event, groups);
  return found && (!event.repeat || found.repeats) ? found.action : "";
}
