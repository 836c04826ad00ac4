// What each task is about, for who comes to its page for the first time.

import { definitions, element } from "./dom.js";
import { reasonText } from "./format.js";

/** @typedef {(action: string) => string} KeyName what the key of an action is called */

/**
 * A card for `firstVisit`.
 *
 * @param {object} parts
 * @param {string[]} parts.lines
 * @param {string} [parts.list] heading of the terms
 * @param {readonly (readonly [string, string])[]} [parts.terms] reasons or criteria, and their meanings
 * @param {readonly (readonly [string, string])[]} parts.keys the few that are needed at first
 * @returns {Node[]}
 */
function card({ lines, list = "", terms = [], keys }) {
  const saved = "Everything is saved as you go: stop at any time, and open this page again later.";
  return [
    element("h2", { text: "What this is about" }),
    element(
      "div",
      { class: "instructions" },
      ...lines.filter(Boolean).map((text) => element("p", { text })),
      ...(terms.length > 0 ? [element("h3", { text: list }), definitions("task-terms", terms)] : []),
      element("h3", { text: "Mouse or keyboard, as you like" }),
      definitions("first-keys", keys.filter(([key]) => key).map(([key, help]) => [element("kbd", { text: key }), help])),
      element("p", { class: "muted", text: saved }),
    ),
  ];
}

/** @param {string} anatomy empty: not stated */
const shows = (anatomy) => `What the films are to show${anatomy ? `: ${anatomy}` : " is not stated"}.`;

/**
 * @param {import("../review/api.js").Setup} setup
 * @param {KeyName} key
 */
export const screeningTask = ({ anatomy, reasons }, key) =>
  card({
    lines: [
      "The films of this task were drawn by a computer program; none was taken of a patient. Please exclude those that could not be a radiograph of anybody, and keep all others, whatever disease they show.",
      shows(anatomy),
      "A page shows many films at once. Exclude films one by one, each for a reason; then one key keeps all the rest of the page. Nothing is final: every decision can be changed or taken back.",
      "Each film has a code, by which you can tell others which film you mean.",
    ],
    list: "Exclude a film because",
    terms: reasons.map(({ code, meaning }) => [reasonText(code), meaning]),
    keys: [
      ["1 – 9, 0", "exclude the film in the frame for the reason of that number"],
      [key("go-on"), "keep all the rest of the page, and go on"],
      [key("enlarge"), "the film in the frame, large"],
      ["+ −", "fewer and larger films on a page, or more"],
      [key("undo"), "undo"],
      [key("help"), "all keys"],
    ],
  });

/**
 * @param {import("../adjudicate/api.js").Setup} setup
 * @param {KeyName} key
 */
export const adjudicationTask = ({ adjudicates, anatomy, criteria }, key) =>
  card({
    lines: [
      "A program that learned from real films may copy some of them. You will see pairs of a real film and a synthetic one, those that a search finds most alike, the most similar first. Please say of each pair whether the synthetic film is a copy of the real one.",
      adjudicates ? "You settle the pairs on which the reviewers differ." : "",
      shows(anatomy),
      "Each pair has a code, by which you can tell others which pair you mean. Nothing is final: every verdict can be changed or taken back.",
    ],
    list: "It is a copy where it is nearly identical to the real film in any of these, beyond what two films may share by chance",
    terms: criteria,
    keys: [
      [[1, 2, 3].map((number) => key(`choice-${number}`)).join(" ").trim(), "copy, unsure, not a copy"],
      [key("view"), "side by side, in turn in one place, or the difference"],
      [key("note"), "a note"],
      [key("undo"), "undo"],
      [key("help"), "all keys"],
    ],
  });

/**
 * @param {import("../clear/api.js").Setup} setup
 * @param {readonly (readonly [string, string])[]} criteria
 * @param {KeyName} key
 */
export const clearingTask = ({ searched }, criteria, key) =>
  card({
    lines: [
      "These are the real films, as they lie in the source folder. Please say of each whether anything on it may say who, where or when. Films with text are left out of every run.",
      searched ? "A program has looked for text: the films that it suspects come first. It misses some, so look at each film." : "",
      "Each film has a code, by which you can tell others which film you mean. Nothing is final: every decision can be changed or taken back.",
    ],
    list: "A film shows text when anything on it may say who, where or when, in whatever hand or print",
    terms: criteria,
    keys: [
      [[1, 2].map((number) => key(`choice-${number}`)).join(" ").trim(), "text or a mark; nothing that identifies"],
      [key("enlarge"), "the whole film, large"],
      [key("full-size"), "1:1: a pixel of the film is a pixel of the screen"],
      [key("undo"), "undo"],
      [key("help"), "all keys"],
    ],
  });

/**
 * @param {import("../landmark/api.js").Setup} setup
 * @param {KeyName} key
 */
export const landmarkTask = ({ anatomy, names }, key) =>
  card({
    lines: [
      `Please put ${names.length} points on each film to where they belong, and save them. The films were drawn by a computer program; all readers have the same ones.`,
      shows(anatomy),
      "The points begin where a model or a template has them: drag each one to its place, or say that it is hidden. What others placed you do not see.",
      "Each film has a code, by which you can tell others which film you mean.",
    ],
    keys: [
      [key("right"), "the next point"],
      [key("not-seen"), "the point is hidden on this film"],
      [key("go-on"), "save, and on to the next film"],
      [key("undo"), "undo"],
      [key("help"), "all keys"],
    ],
  });
