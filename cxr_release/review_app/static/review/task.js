// What screening is about, for who comes to the page for the first time.

import { reasonText } from "../shared/format.js";
import { taskCard } from "../shared/first_visit.js";
import { REVIEW_KEYS, keyName } from "../shared/keys.js";

const key = (/** @type {string} */ action) => keyName(REVIEW_KEYS, action);

/** @param {import("./api.js").Setup} setup */
export function screeningTask({ anatomy, reasons }) {
  const shown = anatomy ? ` They are to show: ${anatomy}.` : "";
  return taskCard({
    title: "What this is about",
    lines: [
      `The films of this task were drawn by a computer program; none was taken of a patient.${shown} Please exclude those that could not be a radiograph of anybody, and keep all others, whatever disease they show.`,
      "A page shows many films at once. Exclude films one by one, each for a reason; then one key keeps all the rest of the page. Nothing is final: every decision can be changed or taken back.",
      "Each film has a code, by which you can tell others which film you mean.",
    ],
    list: reasons.length > 0 ? "Exclude a film because" : "",
    terms: reasons.map(({ code, meaning }) => [reasonText(code), meaning]),
    keys: [
      ["1 – 9, 0", "exclude the film in the frame for the reason of that number"],
      [key("go-on"), "keep all the rest of the page, and go on"],
      [key("enlarge"), "the film in the frame, large"],
      ["+ −", "fewer and larger films on a page, or more"],
      [key("take-back"), "take back"],
      [key("help"), "all keys"],
    ],
  });
}
