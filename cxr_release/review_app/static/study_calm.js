// What stands in the place of the films before the first page and after the last.

import { words } from "./calm.js";
import { button, element } from "./dom.js";
import { SCALE } from "./study_form.js";
import { count } from "./words.js";

const KEYS = [
  ["1 – 4", "rate the framed film"],
  ["A B C …", "the film that you take for the real one"],
  ["← →", "frame another film"],
  ["Enter", "submit, and on to the next page"],
  ["?", "all keys: zoom, window and level, one film alone"],
];

/**
 * @param {number} pages
 * @param {number} films on a page
 * @param {boolean} goingBack
 * @param {() => void} start
 */
export function instructions(pages, films, goingBack, start) {
  return words(
    "What this is about",
    element(
      "div",
      { class: "task" },
      element("p", {
        text: `You will see ${count(pages, "page")} with ${count(films, "film")} each. On every page exactly one film is real; ${films === 2 ? "the other is" : "the others are"} synthetic. On each page please`,
      }),
      element(
        "ol",
        {},
        element("li", {}, "rate ", element("strong", { text: "every film" }), ": how realistic does it look to you?", scale()),
        element("li", {}, "pick ", element("strong", { text: "the one film" }), " that you take for the real one. If you cannot tell, pick the likeliest."),
      ),
      element("p", {
        text: goingBack
          ? "Each page is saved when you submit it. You can go back and change an answer."
          : "Each page is saved when you submit it. Answers are final: a page that was submitted does not come back.",
      }),
      element("p", {
        text: "You can stop at any time: close the window, and open the same link again later, here or on another computer. It goes on where you stopped. Please look alone, and do not talk about the films before all readers have finished.",
      }),
      element("h3", { text: "Mouse or keyboard, as you like" }),
      element(
        "dl",
        { class: "few-keys" },
        ...KEYS.flatMap(([key, says]) => [element("dt", {}, element("kbd", { text: key })), element("dd", { text: says })]),
      ),
    ),
    button({ class: "strong start", attributes: { "data-action": "submit" }, on: { click: start } }, "Begin", element("kbd", { text: "Enter" })),
  );
}

function scale() {
  return element(
    "dl",
    { class: "scale" },
    ...SCALE.map(([rating, says]) => element("div", {}, element("dt", { text: String(rating) }), element("dd", { text: says }))),
  );
}

/**
 * @param {number} pages
 * @param {boolean} goingBack
 */
export function thanks(pages, goingBack) {
  return words(
    "Thank you.",
    pages === 1 ? "Your page is saved." : `All ${pages} pages are saved.`,
    "Nothing more is needed: you may close this window.",
    ...(goingBack ? [element("p", { class: "quiet", text: "To look again, or to change an answer: the key PageUp, or ‹ above." })] : []),
  );
}

export function savingLast() {
  return words("Saving your last answer …", "Please keep this window open.");
}
