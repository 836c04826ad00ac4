// What stands in the place of the films when there are none to show.

import { element } from "./dom.js";
import { count, number } from "./words.js";

/** @typedef {import("./api.js").Progress} Progress */

/**
 * @param {string} title
 * @param {...(string|Node)} lines
 */
export function words(title, ...lines) {
  return [
    element("h2", { text: title }),
    ...lines.map((line) => (typeof line === "string" ? element("p", { text: line }) : line)),
  ];
}

/** @param {...[number, string]} counted */
export function figures(...counted) {
  const made = counted.map(([value, name]) =>
    element("div", {}, element("dd", { text: number(value) }), element("dt", { text: name })),
  );
  return element("dl", { class: "figures" }, ...made);
}

/** @param {Progress} progress */
export function allDecided({ done, excluded }) {
  if (done === 0) {
    return words(
      "No film waits for you.",
      "There is nothing to decide at present. If you expected films, ask whoever runs this page.",
    );
  }
  return words(
    "All films are decided.",
    figures([done, "decided"], [done - excluded, "kept"], [excluded, "excluded"]),
    "Every decision is saved. Nothing more is needed here: you can close this page.",
    element(
      "p",
      {},
      "To look again: ",
      element("a", { text: "the films you excluded", attributes: { href: "#excluded" } }),
      " or ",
      element("a", { text: "all your decisions", attributes: { href: "#decided" } }),
      "; any of them can still be changed or taken back.",
    ),
    element(
      "p",
      { class: "quiet" },
      "Whoever runs the release counts your decisions in with ",
      element("code", { text: "dvc repro" }),
      ".",
    ),
  );
}

/** @param {number} unsent */
export function savingLast(unsent) {
  return words("Saving the last decisions …", `${count(unsent, "decision is", "decisions are")} on the way. Please keep this page open.`);
}

/** @param {"excluded"|"decided"} view */
export function nothingListed(view) {
  return words(
    view === "excluded" ? "You have excluded no film." : "You have decided on no film yet.",
    element("p", {}, element("a", { text: "Back to the queue", attributes: { href: "#queue" } })),
  );
}

/** @param {string} why */
export function noAnswer(why) {
  return words(why || "The server does not answer.", "This page tries again by itself.");
}
