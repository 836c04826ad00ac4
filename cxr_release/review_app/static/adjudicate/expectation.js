// What the whole list can be expected to hold: one line above the pairs, and more on demand.

import { definitions, element } from "../shared/dom.js";

/**
 * @param {HTMLElement} host
 * @param {import("./api.js").Expectation} expectation
 */
export function showExpectation(host, { summary, texts, kinds }) {
  const [first, ...others] = texts.map((text) => element("p", { text }));
  // The keyboard stays with the pair when the mouse opens this.
  const stay = (/** @type {Event} */ event) => event.preventDefault();
  host.replaceChildren(
    element(
      "details",
      {},
      element(
        "summary",
        { attributes: { title: summary }, on: { mousedown: stay } },
        "What this list can be expected to hold",
        element("span", { class: "muted", text: ` – ${summary}` }),
      ),
      element(
        "div",
        { class: "expectation-body" },
        ...(first ? [first] : []),
        ...(kinds.length > 0 ? [definitions("expectation-kinds", kinds)] : []),
        ...others,
      ),
    ),
  );
}
