// What the page remembers of a reviewer from one evening to the next.

import { safeStorage } from "../shared/pending_store.js";

/**
 * The last reason, how large films are, and whether the mouse opens previews. Read once: what another tab does later
 * must not change what `x` means in this one.
 */
export class Preferences {
  #storage = safeStorage();
  #prefix;
  #lastReason;
  #previews;
  #size;

  /** @param {string} reviewer */
  constructor(reviewer) {
    this.#prefix = `cxr-release/review/${reviewer}/`;
    this.#lastReason = this.#storage?.getItem(`${this.#prefix}reason`) ?? "";
    this.#size = Number.parseInt(this.#storage?.getItem(`${this.#prefix}size`) ?? "", 10) || 0;
    this.#previews = this.#storage?.getItem(`${this.#prefix}previews`) !== "off";
  }

  get lastReason() {
    return this.#lastReason;
  }

  set lastReason(code) {
    this.#lastReason = code;
    this.#write("reason", code);
  }

  /** Steps by which films are larger than usual; see `gridLayout`. */
  get size() {
    return this.#size;
  }

  set size(steps) {
    this.#size = steps;
    this.#write("size", String(steps));
  }

  get previews() {
    return this.#previews;
  }

  set previews(on) {
    this.#previews = on;
    this.#write("previews", on ? "on" : "off");
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #write(name, value) {
    try {
      this.#storage?.setItem(this.#prefix + name, value);
    } catch {
      this.#storage = null;
    }
  }
}
