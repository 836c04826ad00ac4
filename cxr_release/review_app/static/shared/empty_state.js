// What stands in the place of the films when there are none to show.

import { byId, element } from "./dom.js";
import { count, number } from "./format.js";
import { controlName } from "./keys.js";

export class EmptyState {
  /** @param {HTMLElement} films in whose place it stands */
  constructor(films) {
    this.host = byId("empty-state");
    this.films = films;
  }

  /** @param {Node[]} content */
  show(content) {
    this.#set(content);
  }

  /** The films are shown again. */
  hide() {
    this.#set(null);
  }

  /** Whether it stands in place of the films. */
  get isShown() {
    return !this.host.hidden;
  }

  /** @param {Node[]|null} content */
  #set(content) {
    this.host.hidden = content === null;
    this.films.hidden = content !== null;
    this.host.replaceChildren(...(content ?? []));
  }
}

/**
 * @param {string} title
 * @param {...(string|Node)} lines
 * @returns {Node[]}
 */
function message(title, ...lines) {
  const texts = lines.map((line) => (typeof line === "string" ? element("p", { text: line }) : line));
  return [element("h2", { text: title }), ...texts];
}

/** @param {...[number, string]} counted */
function figures(...counted) {
  const items = counted.map(([value, name]) =>
    element("div", {}, element("dd", { text: number(value) }), element("dt", { text: name })),
  );
  return element("dl", { class: "figures" }, ...items);
}

/** @param {string} why */
export function noAnswer(why) {
  return message(why || "The server does not answer.", "This page tries again by itself.");
}

// The screening page

/** @param {import("../review/api.js").Progress} progress */
export function allDecided({ done, excluded }) {
  if (done === 0) {
    return message(
      "No film waits for you.",
      "There is nothing to decide at present. If you expected films, ask whoever runs this page.",
    );
  }
  return message(
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
      { class: "muted" },
      "Whoever runs the release counts your decisions in with ",
      element("code", { text: "dvc repro" }),
      ".",
    ),
  );
}

/** @param {number} unsent */
export function savingDecisions(unsent) {
  const sent = `${count(unsent, "decision is", "decisions are")} on the way. Please keep this page open.`;
  return message("Saving the last decisions …", sent);
}

/**
 * @param {"queue"|"excluded"|"decided"} view
 * @param {boolean} all whether the view is not narrowed
 */
export function nothingListed(view, all) {
  if (!all) {
    return message(
      "No film is listed.",
      element("p", {}, element("a", { text: "All films of this list", attributes: { href: `#${view}` } })),
    );
  }
  return message(
    view === "excluded" ? "You have excluded no film." : "You have decided on no film yet.",
    element("p", {}, element("a", { text: "Back to the queue", attributes: { href: "#queue" } })),
  );
}

// The adjudication page

/**
 * @param {import("./worklist.js").Worklist} pairs
 * @param {import("../adjudicate/api.js").Progress|null} progress the newest there is
 * @param {boolean} adjudicates
 */
export function nothingToJudge(pairs, progress, adjudicates) {
  const { done, awaited } = progress ?? { done: 0, awaited: null };
  const copies = pairs.count("copy");
  const judged = () =>
    figures(
      [done, "judged"],
      [copies, copies === 1 ? "copy" : "copies"],
      [pairs.count("not-a-copy"), "not a copy"],
      [pairs.count("unsure"), "unsure"],
    );
  if (adjudicates && awaited !== null && awaited > 0) {
    return message(
      "No disagreement waits for you.",
      ...(done > 0 ? [judged()] : []),
      `The reviewers have still to judge ${count(awaited, "pair")}. This page looks again by itself.`,
    );
  }
  if (done === 0) {
    return message(
      "No pair waits for you.",
      adjudicates
        ? "The reviewers agree on every pair."
        : "There is nothing to judge at present. If you expected pairs, ask whoever runs this page.",
    );
  }
  return message(
    "All pairs are judged.",
    judged(),
    "Every verdict is saved. Nothing more is needed here: you can close this page.",
    `To look again, or to correct a verdict: ${controlName("‹ above", "left")}.`,
  );
}

// The page of landmarks

/** @param {import("../landmark/api.js").Progress|null} progress the newest there is */
export function nothingToPlace(progress) {
  return message(
    "No film waits for you any more.",
    figures([progress?.done ?? 0, "films with your landmarks"]),
    "Everything is saved. Nothing more is needed here: you can close this page.",
    `To look again, or to correct a film: ${controlName("‹ above", "previous")}.`,
  );
}

// The page of text on real films

/** @param {import("../clear/api.js").Progress|null} progress the newest there is */
export function nothingToClear(progress) {
  const { done, text } = progress ?? { done: 0, text: 0 };
  if (done === 0) {
    return message(
      "No film waits for you.",
      "There is nothing to look at: others have looked already. If you expected films, ask whoever runs this page.",
    );
  }
  return message(
    "No film waits for you any more.",
    figures([done, "looked at"], [done - text, "nothing that identifies"], [text, "text or a mark"]),
    "Every decision is saved. Nothing more is needed here: you can close this page.",
    `To look again, or to correct a decision: ${controlName("‹ above", "left")}.`,
    element(
      "p",
      { class: "muted" },
      "Films with text leave every run with the next ",
      element("code", { text: "dvc repro" }),
      ".",
    ),
  );
}

// The reader study

/**
 * @param {number} pages
 * @param {boolean} goingBack
 */
export function thanks(pages, goingBack) {
  const again = `To look again, or to change an answer: ${controlName("‹ above", "previous")}.`;
  return message(
    "Thank you.",
    pages === 1 ? "Your page is saved." : `All ${pages} pages are saved.`,
    "Nothing more is needed: you may close this window.",
    ...(goingBack ? [element("p", { class: "muted", text: again })] : []),
  );
}

export function savingAnswer() {
  return message("Saving your last answer …", "Please keep this window open.");
}
