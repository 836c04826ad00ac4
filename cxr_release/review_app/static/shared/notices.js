// Three ways to say something: to screen readers, for a moment over the films, until it is over.

import { button, byId, element } from "./dom.js";

const MOMENT_MS = 5000;

export class Notices {
  /** @type {number|undefined} */
  #hiding;
  /** @type {Map<string, HTMLElement>} */
  #banners = new Map();

  constructor() {
    this.liveRegion = byId("live-region"); // not seen
    this.toast = byId("toast");
    this.banners = byId("banners");
  }

  /**
   * What the eye sees anyway.
   *
   * @param {string} text
   */
  announce(text) {
    this.#readOut(text);
    this.hideToast();
  }

  /**
   * What the eye must see: that a key did not do what it usually does.
   *
   * @param {string} text
   */
  warn(text) {
    this.#readOut(text);
    this.toast.textContent = text;
    this.toast.hidden = false;
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => this.hideToast(), MOMENT_MS);
  }

  /** @param {string} text */
  #readOut(text) {
    // The same words once more are no change, and would not be read out.
    const same = this.liveRegion.textContent === text;
    this.liveRegion.textContent = same ? `${text}\u00a0` : text;
  }

  hideToast() {
    clearTimeout(this.#hiding);
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
