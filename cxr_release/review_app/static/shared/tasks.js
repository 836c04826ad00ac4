// What each task is about, for who comes to its page for the first time.

import { definitions, element } from "./dom.js";
import { count, reasonText } from "./format.js";
import { helpRow, isForFingers, keyName } from "./keys.js";
import { scaleList } from "./rating_scale.js";

/**
 * A way to do something: what stands on the button, its key, what it does.
 *
 * @typedef {readonly [control: string, key: string, help: string]} Way
 */

/** The few ways that are needed at first, by what is at hand. @param {readonly Way[]} ways */
const waysIn = (ways) => [
  element("h3", { text: isForFingers() ? "With your fingers" : "Mouse or keyboard, as you like" }),
  definitions(
    "first-keys",
    ways
      .filter(([control, key]) => (isForFingers() ? control : key))
      .map(([control, key, help]) => [isForFingers() ? element("b", { text: control }) : element("kbd", { text: key }), help]),
  ),
];

/** What every page has. @returns {Way[]} */
const everywhere = () => [
  ["Undo", keyName("undo"), helpRow("undo")[1]],
  ["Help", keyName("help"), "all keys, what mouse and fingers do, and these lines"],
];

/**
 * @param {...(Node|string)} content
 * @returns {Node[]} a card for `firstVisit` and for the help
 */
const aboutThis = (...content) => [element("h2", { text: "What this is about" }), element("div", { class: "instructions" }, ...content)];

/**
 * @param {object} parts
 * @param {string[]} parts.lines
 * @param {string} [parts.list] heading of the terms
 * @param {readonly (readonly [string, string])[]} [parts.terms] reasons or criteria, and their meanings
 * @param {readonly Way[]} parts.ways
 */
function card({ lines, list = "", terms = [], ways }) {
  const saved = "Everything is saved as you go: stop at any time, and open this page again later.";
  return aboutThis(
    ...lines.filter(Boolean).map((text) => element("p", { text })),
    ...(terms.length > 0 ? [element("h3", { text: list }), definitions("task-terms", terms)] : []),
    ...waysIn([...ways, ...everywhere()]),
    element("p", { class: "muted", text: saved }),
  );
}

/** Keys of the first choices of a list. @param {number} most */
const choiceKeys = (most) =>
  Array.from({ length: most }, (_, place) => keyName(`choice-${place + 1}`))
    .join(" ")
    .trim();

/** @param {string} anatomy empty: not stated */
const shows = (anatomy) => `What the films are to show${anatomy ? `: ${anatomy}` : " is not stated"}.`;

/**
 * @param {import("../review/api.js").Setup} setup
 */
export const screeningTask = ({ anatomy, reasons }) =>
  card({
    lines: [
      "The films of this task were drawn by a computer program; none was taken of a patient. Please exclude those that could not be a radiograph of anybody, and keep all others, whatever disease they show.",
      shows(anatomy),
      "A page shows many films at once. Exclude films one by one, each for a reason; then one press keeps all the rest of the page. Nothing is final: every decision can be changed or taken back.",
      "Each film has a code, by which you can tell others which film you mean.",
    ],
    list: "Exclude a film because",
    terms: reasons.map(({ code, meaning }) => [reasonText(code), meaning]),
    ways: [
      ["a reason", "1 – 9, 0", "exclude the film in the frame for that reason"],
      ["Keep the rest, go on", keyName("go-on"), "keep all the rest of the page, and go on"],
      ["Enlarge", keyName("enlarge"), "the film in the frame, large"],
      ["+ −", "+ −", "fewer and larger films on a page, or more"],
    ],
  });

/**
 * @param {import("../adjudicate/api.js").Setup} setup
 */
export const adjudicationTask = ({ adjudicates, anatomy, criteria }) =>
  card({
    lines: [
      "A program that learned from real films may copy some of them. You will see pairs of a real film and a synthetic one, those that a search finds most alike, the most similar first. Please say of each pair whether the synthetic film is a copy of the real one.",
      adjudicates ? "You settle the pairs on which the reviewers differ." : "",
      shows(anatomy),
      "Each pair has a code, by which you can tell others which pair you mean. Nothing is final: every verdict can be changed or taken back.",
    ],
    list: "It is a copy where it is nearly identical to the real film in any of these, beyond what two films may share by chance",
    terms: criteria,
    ways: [
      ["a verdict", choiceKeys(3), "copy, unsure, not a copy"],
      ["a view", keyName("view"), "side by side, in turn in one place, or the difference"],
      ["Note", keyName("note"), "a note"],
    ],
  });

/**
 * @param {import("../clear/api.js").Setup} setup
 * @param {readonly (readonly [string, string])[]} criteria
 */
export const clearingTask = ({ searched }, criteria) =>
  card({
    lines: [
      "These are the real films, as they lie in the source folder. Please say of each whether anything on it may say who, where or when. Films with text are left out of every run.",
      searched ? "A program has looked for text: the films that it suspects come first. It misses some, so look at each film." : "",
      "Each film has a code, by which you can tell others which film you mean. Nothing is final: every decision can be changed or taken back.",
    ],
    list: "A film shows text when anything on it may say who, where or when, in whatever hand or print",
    terms: criteria,
    ways: [
      ["a decision", choiceKeys(2), "text or a mark; nothing that identifies"],
      ["Enlarge", keyName("enlarge"), "the whole film, large"],
      ["1:1", keyName("full-size"), "a pixel of the film is a pixel of the screen"],
    ],
  });

/**
 * @param {import("../landmark/api.js").Setup} setup
 */
export const landmarkTask = ({ anatomy, names }) =>
  card({
    lines: [
      `Please put ${names.length} points on each film to where they belong, and save them. The films were drawn by a computer program; all readers have the same ones.`,
      shows(anatomy),
      "The points begin where a model or a template has them: drag each one to its place, or say that it is hidden. What others placed you do not see.",
      "Each film has a code, by which you can tell others which film you mean.",
    ],
    ways: [
      ["Point ›", keyName("right"), "the next point"],
      ["Not visible", keyName("not-seen"), "the point is hidden on this film"],
      ["Save and go on", keyName("go-on"), "save, and on to the next film"],
    ],
  });

/**
 * @param {import("../study/api.js").Setup} setup
 * @param {number} pages
 * @param {number} films on a page
 */
export function readingTask({ going_back: goingBack }, pages, films) {
  const strong = (/** @type {string} */ text) => element("strong", { text });
  const others = films === 2 ? "the other is" : "the others are";
  return aboutThis(
    element("p", {
      text: `You will see ${count(pages, "page")} with ${count(films, "film")} each. On every page exactly one film is real; ${others} synthetic. On each page please`,
    }),
    element(
      "ol",
      {},
      element("li", {}, "rate ", strong("every film"), ": how realistic does it look to you?", scaleList()),
      element("li", {}, "pick ", strong("the one film"), " that you take for the real one. If you cannot tell, pick the likeliest."),
    ),
    element("p", {
      text: goingBack
        ? "Each page is saved when you submit it. You can go back and change an answer."
        : "Each page is saved when you submit it. Answers are final: a page that was submitted does not come back.",
    }),
    element("p", {
      text: "You can stop at any time: close the window, and open the same link again later, here or on another computer. It goes on where you stopped. Please look alone, and do not talk about the films before all readers have finished.",
    }),
    ...waysIn([
      ["1 – 4", ...helpRow("choice-1")],
      ["the real one", helpRow("pick-1")[0] || keyName("pick"), "which film is the real one"],
      ["a film", helpRow("left")[0], "frame another film"],
      ["Submit", keyName("go-on"), "submit, and on to the next page"],
      ...everywhere(),
    ]),
  );
}
