// What stands in the place of the films when there is no pair to judge.

import { figures, words } from "./calm.js";
import { count } from "./words.js";

/** @typedef {import("./docket.js").Docket} Docket */

/**
 * @param {Docket} docket
 * @param {import("./verdicts.js").Progress|null} progress the newest there is
 * @param {boolean} adjudicates
 */
export function nothingLeft(docket, progress, adjudicates) {
  const { done, awaited } = progress ?? { done: 0, awaited: null };
  if (adjudicates && awaited !== null && awaited > 0) {
    return words(
      "No disagreement waits for you.",
      ...(done > 0 ? [judged(docket, done)] : []),
      `The reviewers have still to judge ${count(awaited, "pair")}. This page looks again by itself.`,
    );
  }
  if (done === 0) {
    return words(
      "No pair waits for you.",
      adjudicates
        ? "The reviewers agree on every pair."
        : "There is nothing to judge at present. If you expected pairs, ask whoever runs this page.",
    );
  }
  return words(
    "All pairs are judged.",
    judged(docket, done),
    "Every verdict is saved. Nothing more is needed here: you can close this page.",
    "To look again, or to correct a verdict: the key ←.",
  );
}

/**
 * @param {Docket} docket
 * @param {number} done
 */
function judged(docket, done) {
  return figures(
    [done, "judged"],
    [docket.count("copy"), docket.count("copy") === 1 ? "copy" : "copies"],
    [docket.count("not-a-copy"), "not a copy"],
    [docket.count("unsure"), "unsure"],
  );
}
