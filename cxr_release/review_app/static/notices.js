// Three ways to say something: to screen readers, for a moment over the films, until it is over.

import { button, element } from "./dom.js";

const MOMENT_MS = 5000;

export class Notices {
  /** @type {number|undefined} */
  #fading;
  /** @type {Map<string, HTMLElement>} */
  #banners = new Map();

  /**
   * @param {HTMLElement} spoken live region, not seen
   * @param {HTMLElement} toast
   * @param {HTMLElement} banners
   */
  constructor(spoken, toast, banners) {
    this.spoken = spoken;
    this.toast = toast;
    this.banners = banners;
  }

  /**
   * What the eye sees anyway.
   *
   * @param {string} text
   */
  say(text) {
    this.#speak(text);
    this.hush();
  }

  /**
   * What the eye must see: that a key did not do what it usually does.
   *
   * @param {string} text
   */
  warn(text) {
    this.#speak(text);
    this.toast.textContent = text;
    this.toast.hidden = false;
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => this.hush(), MOMENT_MS);
  }

  /** @param {string} text */
  #speak(text) {
    // The same words once more are no change, and would not be read out.
    const again = this.spoken.textContent === text;
    this.spoken.textContent = again ? `${text}\u00a0` : text;
  }

  hush() {
    clearTimeout(this.#fading);
    this.toast.hidden = true;
  }

  /**
   * A line above the films that stays until it is taken away.
   *
   * @param {string} name each name has one banner
   * @param {string} text empty takes it away
   * @param {() => void} [dismissed] lets the reviewer take it away, and is called then
   */
  banner(name, text, dismissed) {
    const old = this.#banners.get(name);
    if (old && old.dataset.text === text) return;
    old?.remove();
    this.#banners.delete(name);
    if (!text) return;
    const made = element(
      "div",
      { class: "banner", attributes: { role: "alert", "data-banner": name, "data-text": text } },
      element("p", { text }),
    );
    if (dismissed) {
      const dismiss = () => {
        this.banner(name, "");
        dismissed();
      };
      made.append(button({ text: "Close", on: { click: dismiss } }));
    }
    this.#banners.set(name, made);
    this.banners.append(made);
  }
}
