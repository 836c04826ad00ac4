// What stands around the films on every page: who, how far, what is being saved, and the page's buttons.

import { button, element, setAttributes, withKey } from "./dom.js";
import { number } from "./format.js";
import { helpRow, keyName } from "./keys.js";

/** How far a reviewer is. */
export class ProgressBar {
  #fill = element("div", { class: "progress-fill" });

  /** @param {string} label what is counted */
  constructor(label) {
    this.bar = element(
      "div",
      { class: "progress-bar", attributes: { role: "progressbar", "aria-label": label, "aria-valuemin": 0 } },
      this.#fill,
    );
    this.saving = element("p", { class: "progress-saving" });
  }

  /**
   * @param {number} done
   * @param {number} all
   */
  show(done, all) {
    this.#fill.style.width = `${all > 0 ? (100 * done) / all : 100}%`;
    setAttributes(this.bar, { "aria-valuenow": done, "aria-valuemax": all });
  }

  /** @param {number} unsent */
  showSaving(unsent) {
    this.saving.textContent = unsent > 0 ? `saving ${number(unsent)} …` : "";
  }
}

/** Whether CSS shows, in place of the page, that the window is too small for its films. */
export function isTooSmall() {
  const notice = document.querySelector(".too-small");
  return notice !== null && getComputedStyle(notice).display !== "none";
}

/** @param {string} title of the page, and its tooltip: there may be no room for all of it */
export const heading = (title) => element("h1", { text: title, attributes: { title } });

/**
 * A button with its key.
 *
 * @param {string} text
 * @param {string} key empty: it names none
 * @param {string} action
 * @param {(action: string) => void} act
 * @param {import("./dom.js").Parts} [parts]
 */
export function actionButton(text, key, action, act, parts = {}) {
  const attributes = { "data-action": action, ...parts.attributes };
  const name = key ? [element("kbd", { text: key })] : [];
  return button({ ...parts, attributes, on: { click: () => act(action) } }, text, ...name);
}

/**
 * Buttons of what a page lists by number.
 *
 * @param {readonly string[]} choices
 * @param {Record<string, string>} texts
 * @param {(action: string) => void} act
 */
export const choiceButtons = (choices, texts, act) =>
  choices.map((choice, place) => {
    const action = `choice-${place + 1}`;
    const text = texts[choice].replace(/^./, (letter) => letter.toUpperCase());
    return actionButton(text, keyName(action), action, act, { attributes: { "data-choice": choice } });
  });

/**
 * A button that every page has.
 *
 * @param {string} action
 * @param {(action: string) => void} act
 */
const tool = (action, act) => {
  const text = { undo: "Undo", redo: "Redo" }[action];
  const parts = { attributes: { "data-action": action, title: helpRow(action).join(": ") }, on: { click: () => act(action) } };
  return text ? button({ ...parts, text }) : button(parts, ...withKey("Help", keyName(action)));
};

/** The line above the films: for pages without a sidebar. */
export class Header {
  place = element("p", { class: "place" });

  /**
   * @param {HTMLElement} host
   * @param {object} parts
   * @param {string} parts.title
   * @param {string} parts.person who is at the page
   * @param {string} parts.counted what the progress counts
   * @param {Node[]} parts.more what this page shows besides
   * @param {[string, string]|null} parts.moves what the buttons to what comes before and after do; null: there are none
   * @param {(action: string) => void} parts.act
   */
  constructor(host, { title, person, counted, more, moves, act }) {
    this.progress = new ProgressBar(counted);
    this.left = element("p", { class: "left muted" });
    const [previous, next] = ["previous", "next"].map((action, place) =>
      button({
        text: "‹›"[place],
        attributes: { title: `${moves?.[place]} (${keyName(action)})`, "aria-label": moves?.[place], "data-action": action },
        on: { click: () => act(action) },
      }),
    );
    this.moves = { previous, next };
    host.append(
      heading(title),
      element("p", { class: "muted", text: person }),
      element("div", { class: "progress", attributes: { "aria-label": "Progress" } }, this.place, this.progress.bar, this.left),
      this.progress.saving,
      ...more,
      element("div", { class: "moves" }, ...(moves ? [previous, next] : []), ...["undo", "redo", "help"].map((action) => tool(action, act))),
    );
  }
}
