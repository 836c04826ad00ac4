// Decisions (or verdicts) on their way to the server: in order, one request at a time, until it has
// them.

import { Refused } from "./connection.js";

/** @typedef {import("./drawer.js").Letter} Letter */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 3000;

/**
 * Events: "change" whenever what is unsent changed; "saved" with the server's answer;
 * "refused" with the letter and the server's sentence.
 */
export class Outbox extends EventTarget {
  /** @type {Letter[]} */
  #letters = [];
  #open = false;
  #busy = false;

  /**
   * @param {import("./connection.js").Connection & {send: (decisions: any[], undecidedOnly: boolean) => Promise<object>}} api
   * @param {import("./drawer.js").Drawer} drawer
   * @param {string} subject the property of a decision that names what it is on
   */
  constructor(api, drawer, subject = "film") {
    super();
    this.api = api;
    this.drawer = drawer;
    this.subject = subject;
  }

  /**
   * Begin to send, what an earlier page left behind first.
   *
   * @param {Letter[]} left
   */
  open(left) {
    this.#letters.unshift(...left);
    this.#open = true;
    this.#changed();
    void this.#deliver();
  }

  /** Decisions that the server has not acknowledged. */
  get size() {
    return this.#letters.reduce((sum, letter) => sum + letter.decisions.length, 0);
  }

  /** Whole pages among the letters. */
  get pages() {
    return this.#letters.filter((letter) => letter.undecidedOnly).length;
  }

  /**
   * The last unsent decision on something.
   *
   * @param {string} name
   * @returns {any|null}
   */
  latest(name) {
    for (let place = this.#letters.length - 1; place >= 0; place -= 1) {
      const wish = this.#letters[place].decisions.findLast((one) => one[this.subject] === name);
      if (wish) return wish;
    }
    return null;
  }

  /**
   * @param {any[]} decisions
   * @param {{undecidedOnly?: boolean}} [how]
   */
  put(decisions, { undecidedOnly = false } = {}) {
    this.#letters.push(this.drawer.put(decisions, undecidedOnly));
    this.#changed();
    void this.#deliver();
  }

  /**
   * Wait until nothing is unsent, but no longer than this, and not for a server in trouble.
   *
   * @param {number} longest milliseconds
   * @returns {Promise<void>}
   */
  emptied(longest) {
    return new Promise((resolve) => {
      const look = () => {
        if (this.size === 0 || this.api.trouble !== null) resolve();
      };
      this.addEventListener("change", look);
      this.api.addEventListener("change", look);
      setTimeout(resolve, longest);
      look();
    });
  }

  async #deliver() {
    if (this.#busy || !this.#open) return;
    this.#busy = true;
    let pause = FIRST_PAUSE_MS;
    while (this.#letters.length > 0) {
      const letter = this.#letters[0];
      try {
        const answer = await this.api.send(letter.decisions, letter.undecidedOnly);
        this.#done(letter, "saved", { letter, answer });
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (error instanceof Refused) {
          this.#done(letter, "refused", { letter, message: error.message });
        } else {
          await new Promise((wake) => setTimeout(wake, pause));
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
      }
    }
    this.#busy = false;
  }

  /**
   * @param {Letter} letter
   * @param {string} event
   * @param {object} detail
   */
  #done(letter, event, detail) {
    this.#letters.shift();
    this.drawer.remove(letter);
    this.dispatchEvent(new CustomEvent(event, { detail }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
