// For how long a page has been in view: not while another tab or window hides it, or it is too small.

import { isTooSmall } from "../shared/frame.js";

/** As long as the server believes. */
const LONGEST_S = 7 * 24 * 3600;

/** Event "hidden" when the page leaves the screen, or is about to be left. */
export class Stopwatch extends EventTarget {
  #before = 0;
  /** @type {number|null} when it began to run; null while it stands */
  #since = null;
  #on = false;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => this.#look());
    addEventListener("resize", () => this.#look());
    addEventListener("pagehide", () => this.dispatchEvent(new Event("hidden")));
  }

  /** @param {number} seconds that count already */
  start(seconds) {
    this.#before = seconds;
    this.#since = null;
    this.#on = true;
    this.#look();
  }

  stop() {
    this.#before = this.seconds;
    this.#since = null;
    this.#on = false;
  }

  get seconds() {
    const running = this.#since === null ? 0 : (performance.now() - this.#since) / 1000;
    return Math.min(LONGEST_S, Math.round(1000 * (this.#before + running)) / 1000);
  }

  #look() {
    this.#before = this.seconds;
    const visible = document.visibilityState === "visible" && !isTooSmall();
    this.#since = this.#on && visible ? performance.now() : null;
    if (!visible) this.dispatchEvent(new Event("hidden"));
  }
}
