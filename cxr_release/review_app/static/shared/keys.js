// Every key of the pages, once: what it does, and what the help says of it.

import { SCALE, letter } from "./rating_scale.js";

/**
 * @typedef {object} Key
 * @property {string[]} keys as `KeyboardEvent.key` gives them, letters in lower case; with Shift: "shift+arrowup"
 * @property {string} action
 * @property {string} [shown] what the help calls it, and the keys beside it that belong together; none: it is not listed
 * @property {string} [help]
 * @property {boolean} [repeats] whether holding the key down goes on; no decision does
 */

/** @typedef {{title: string, keys: Key[], where?: "grid"|"viewer"}} Group */

const SIDES = ["left", "right", "up", "down"];

/** @param {string} help */
const zoom = (help) => [
  { keys: ["+", "="], action: "zoom-in", shown: "+ −, wheel", help, repeats: true },
  { keys: ["-"], action: "zoom-out", repeats: true },
  { keys: ["o"], action: "full-size", shown: "o", help: "1:1: a pixel of the film is a pixel of the screen" },
  ...SIDES.map((side) => ({ keys: [`shift+arrow${side}`], action: `pan-${side}`, repeats: true })),
];

/**
 * @param {[string, string]} level brighter, darker
 * @param {[string, string]} window narrower, wider
 * @param {{level: string, window: string}} help
 */
const windowing = (level, window, help) => [
  { keys: [level[0]], action: "brighter", shown: level.join(" "), help: help.level, repeats: true },
  { keys: [level[1]], action: "darker", repeats: true },
  { keys: [window[0]], action: "narrower", shown: window.join(" "), help: help.window, repeats: true },
  { keys: [window[1]], action: "wider", repeats: true },
  { keys: [], action: "", shown: "right drag", help: "window sideways, level up and down" },
  { keys: ["i"], action: "invert", shown: "i", help: "invert the display" },
  { keys: ["p"], action: "preset", shown: "p", help: "the next window by its name" },
];

/** @param {string} key */
const reset = (key) => ({ keys: [key], action: "reset", shown: key, help: "zoom, window and level as they were" });

const FIND = { keys: ["/"], action: "find", shown: "/", help: "the box for a code" };
const HELP = { keys: ["?"], action: "help", shown: "?", help: "these keys" };

/** @param {string} help */
const arrows = (shown, help) =>
  SIDES.map((side, place) => ({
    keys: [`arrow${side}`],
    action: side,
    ...(place === 0 ? { shown, help } : {}),
    repeats: true,
  }));

/** @type {Group[]} */
export const REVIEW_KEYS = [
  {
    title: "Decide on the film in the frame",
    keys: [
      ...Array.from({ length: 10 }, (_, place) => ({
        keys: [String((place + 1) % 10)],
        action: `reason-${place}`,
        ...(place === 0 ? { shown: "1 – 9, 0", help: "exclude it with this reason (0 is the tenth)" } : {}),
      })),
      { keys: ["x"], action: "exclude", shown: "x", help: "exclude it with the last reason again" },
      { keys: ["f"], action: "facing", shown: "f", help: "exclude it: wrong facing" },
      { keys: ["m"], action: "mirror", shown: "m", help: "it faces right: mirror it; again: take that back" },
      { keys: ["k"], action: "keep", shown: "k", help: "keep it" },
      { keys: ["u"], action: "take-back", shown: "u", help: "take back its decision, or the last one you made" },
      { keys: ["n"], action: "note", shown: "n", help: "add a note to its decision" },
      { keys: ["t"], action: "findings", shown: "t", help: "tag it: which findings it shows, or none; decides nothing" },
    ],
  },
  {
    title: "Move",
    where: "grid",
    keys: [
      { keys: ["enter"], action: "go-on", shown: "Enter", help: "keep all the rest of the page and go on" },
      ...arrows("← → ↑ ↓", "to the next film"),
      { keys: ["home"], action: "first", shown: "Home, End", help: "to the first or last film of the page" },
      { keys: ["end"], action: "last" },
      { keys: [" "], action: "enlarge", shown: "Space", help: "enlarge the film, also by double click" },
      { keys: ["+", "="], action: "zoom-in", shown: "+ −", help: "fewer and larger films on a page, or more" },
      { keys: ["-"], action: "zoom-out" },
    ],
  },
  {
    title: "Pages",
    keys: [
      { keys: ["pageup", "["], action: "previous-page", shown: "Page Up, [", help: "previous page, nothing is decided" },
      { keys: ["pagedown", "]"], action: "next-page", shown: "Page Down, ]", help: "next page, nothing is decided" },
      FIND,
      { keys: ["h"], action: "preview", shown: "h", help: "larger preview under the mouse: on or off" },
      HELP,
    ],
  },
  {
    title: "In the enlarged film",
    where: "viewer",
    keys: [
      { keys: ["arrowleft", "arrowup"], action: "previous-film", shown: "← →", help: "previous or next film", repeats: true },
      { keys: ["arrowright", "arrowdown"], action: "next-film", repeats: true },
      ...zoom("zoom; drag or Shift + arrows to move"),
      ...windowing(["w", "s"], ["a", "d"], { level: "level: brighter, darker", window: "window: more contrast, less" }),
      reset("r"),
      { keys: ["escape", " "], action: "close", shown: "Esc, Space", help: "back to the page" },
      { keys: ["enter"], action: "go-on" },
    ],
  },
];

/** @type {Group[]} */
export const ADJUDICATE_KEYS = [
  {
    title: "Judge the pair",
    keys: [
      { keys: ["c"], action: "copy", shown: "c", help: "copy" },
      { keys: ["n"], action: "not-a-copy", shown: "n", help: "not a copy" },
      { keys: ["u"], action: "unsure", shown: "u", help: "unsure" },
      { keys: ["t"], action: "note", shown: "t", help: "text: a note that goes with the verdict" },
      { keys: ["delete"], action: "retract", shown: "Delete", help: "take your verdict on this pair back" },
    ],
  },
  {
    title: "Compare",
    keys: [
      { keys: ["s"], action: "side", shown: "s", help: "side by side" },
      { keys: ["f"], action: "flicker", shown: "f", help: "flicker: both in turn in one place" },
      { keys: [" "], action: "other", shown: "Space", help: "in the flicker: hold it, then the other film" },
      { keys: ["d"], action: "difference", shown: "d", help: "difference: black where both are equal" },
      { keys: ["o"], action: "as-generated", shown: "o", help: "both films as they are, or aligned to match" },
    ],
  },
  {
    title: "Move",
    keys: [
      { keys: ["backspace", "arrowleft"], action: "previous", shown: "←, Backspace", help: "the pair before, to look or to correct" },
      { keys: ["arrowright"], action: "next", shown: "→", help: "the next pair; nothing is judged" },
      FIND,
      HELP,
    ],
  },
  {
    title: "See",
    keys: [
      ...zoom("zoom; drag or Shift + arrows to move"),
      ...windowing(["w", "x"], ["q", "e"], {
        level: "level: brighter, darker",
        window: "window: more contrast, less; a stronger difference, weaker",
      }),
      reset("r"),
    ],
  },
];

/** @type {Group[]} */
export const CLEAR_KEYS = [
  {
    title: "Decide on the film",
    keys: [
      { keys: ["c"], action: "clear", shown: "c", help: "clear: nothing on it may identify anybody" },
      { keys: ["t"], action: "text", shown: "t", help: "text: it shows text or a mark that may identify" },
      { keys: ["u"], action: "take-back", shown: "u", help: "take back its decision, or the last one you made" },
    ],
  },
  {
    title: "Move",
    keys: [
      { keys: ["backspace", "arrowleft"], action: "previous", shown: "←, Backspace", help: "the film before, to look or to correct" },
      { keys: ["arrowright"], action: "next", shown: "→", help: "the next film; nothing is decided" },
      FIND,
      HELP,
    ],
  },
  {
    title: "See",
    keys: [
      { keys: [" "], action: "enlarge", shown: "Space", help: "the whole film, large; again: corners and edges" },
      { keys: ["1"], action: "full-size", shown: "1", help: "at full size: no pixel of the film is lost" },
      { keys: ["escape"], action: "close", shown: "Esc", help: "corners and edges" },
      ...zoom("zoom; drag or Shift + arrows to move"),
      ...windowing(["w", "s"], ["a", "d"], { level: "level: brighter, darker", window: "window: more contrast, less" }),
      reset("r"),
    ],
  },
];

/** @type {Group[]} */
export const LANDMARK_KEYS = [
  {
    title: "Place the points",
    keys: [
      { keys: [" ", "n"], action: "next-point", shown: "Space, n", help: "the next point", repeats: true },
      { keys: ["shift+ ", "b"], action: "previous-point", shown: "b, Shift Space", help: "the point before", repeats: true },
      ...SIDES.map((side, place) => ({
        keys: [`arrow${side}`],
        action: `fine-${side}`,
        ...(place === 0 ? { shown: "← → ↑ ↓", help: "move it by one pixel of the screen" } : {}),
        repeats: true,
      })),
      ...SIDES.map((side, place) => ({
        keys: [`shift+arrow${side}`],
        action: `coarse-${side}`,
        ...(place === 0 ? { shown: "Shift + arrows", help: "move it by ten" } : {}),
        repeats: true,
      })),
      { keys: ["x"], action: "not-seen", shown: "x", help: "it is not visible on this film; again: it is" },
      { keys: ["o"], action: "restart", shown: "o", help: "all points as they were at first" },
    ],
  },
  {
    title: "Go on",
    keys: [
      { keys: ["enter"], action: "save", shown: "Enter", help: "save the points, and on to the next film" },
      { keys: ["pageup", "["], action: "previous", shown: "Page Up, [", help: "the film before; nothing is saved" },
      { keys: ["pagedown", "]"], action: "next", shown: "Page Down, ]", help: "the next film; nothing is saved" },
      { keys: ["u"], action: "take-back", shown: "u", help: "take back what you saved on this film" },
      FIND,
      HELP,
    ],
  },
  {
    title: "See",
    keys: [
      { keys: ["+", "="], action: "zoom-in", shown: "+ −, wheel", help: "zoom about the selected point; drag the film to move it", repeats: true },
      { keys: ["0"], action: "full-size", shown: "0", help: "1:1: a pixel of the film is a pixel of the screen" },
      { keys: ["-"], action: "zoom-out", repeats: true },
      ...windowing(["w", "s"], ["a", "d"], { level: "level: brighter, darker", window: "window: more contrast, less" }),
      reset("r"),
    ],
  },
];

/** Films of a page that have a letter's key; more have the space bar. */
const LETTERED = 6;

const SCALE_HELP = SCALE.map(([rating, text]) => `${rating} ${text}`).join(", ");

/**
 * Keys of the reader study's page.
 *
 * @param {boolean} goingBack whether readers may go back to an answer
 * @returns {Group[]}
 */
export function studyKeys(goingBack) {
  const back = [
    { keys: ["pageup", "backspace"], action: "previous", shown: "PageUp, Backspace", help: "the page before, to look or to change it" },
    { keys: ["pagedown"], action: "next", shown: "PageDown", help: "the page after it" },
  ];
  return [
    {
      title: "Say",
      keys: [
        ...SCALE.map(([rating]) => ({
          keys: [String(rating)],
          action: `rate-${rating}`,
          ...(rating === 1
            ? { shown: "1 2 3 4", help: `rate the framed film, ${SCALE_HELP}; it goes on to the next without a rating` }
            : {}),
        })),
        ...Array.from({ length: LETTERED }, (_, place) => ({
          keys: [letter(place).toLowerCase()],
          action: `pick-${place}`,
          ...(place === 0 ? { shown: "a b c d …", help: "film A, B, C, D … is the real one" } : {}),
        })),
        { keys: [" ", "r"], action: "pick", shown: "Space, r", help: "the framed film is the real one" },
        { keys: ["enter"], action: "submit", shown: "Enter", help: "submit, and on to the next page" },
      ],
    },
    { title: "Move", keys: [...arrows("← → ↑ ↓, Tab", "frame another film"), ...(goingBack ? back : []), HELP] },
    {
      title: "See",
      keys: [
        { keys: ["v"], action: "enlarge", shown: "v", help: "the framed film alone, large; again: all films" },
        { keys: ["escape"], action: "shrink", shown: "Esc", help: "all films" },
        ...zoom("zoom the framed film; drag or Shift + arrows to move it"),
        ...windowing(["w", "s"], ["q", "z"], {
          level: "level of all films: brighter, darker",
          window: "window of all films: more contrast, less",
        }),
        reset("0"),
      ],
    },
  ];
}

/**
 * The few keys that the reader study's first page names.
 *
 * @type {readonly [string, string][]}
 */
export const FIRST_KEYS = [
  ["1 – 4", "rate the framed film"],
  ["A B C …", "the film that you take for the real one"],
  ["← →", "frame another film"],
  ["Enter", "submit, and on to the next page"],
  ["?", "all keys: zoom, window and level, one film alone"],
];

/**
 * What the help calls the key of an action.
 *
 * @param {readonly Group[]} groups
 * @param {string} action
 */
export function keyName(groups, action) {
  return groups.flatMap(({ keys }) => keys).find((key) => key.action === action)?.shown ?? "";
}

/**
 * What a key press asks for; empty where it is not the page's.
 *
 * @param {KeyboardEvent} event
 * @param {readonly Group[]} groups
 * @returns {string} an action
 */
export function actionOf(event, groups) {
  const typed = event.getModifierState("AltGraph");
  // AltGr types [ and ] on many keyboards; any other Ctrl, Alt or Meta is the browser's.
  if ((event.ctrlKey || event.altKey || event.metaKey) && !typed) return "";
  const pressed = event.key.toLowerCase();
  const names = event.shiftKey ? [`shift+${pressed}`, pressed] : [pressed];
  // Where digits need Shift (AZERTY), the plain key counts too.
  const digit = /^Digit([0-9])$/.exec(event.code);
  if (digit && !typed) names.push(digit[1]);
  const listed = groups.flatMap(({ keys }) => keys);
  for (const name of names) {
    const key = listed.find(({ keys }) => keys.includes(name));
    if (key) return event.repeat && !key.repeats ? "" : key.action;
  }
  return "";
}
