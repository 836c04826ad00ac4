// Which films the reviewer says face right. The page shows them mirrored, as the next run will make them.

import { Refused } from "../shared/connection.js";

/** "change", whenever what is known is other than before. */
export class Facings extends EventTarget {
  /** @type {Set<string>} */
  #right = new Set();
  /** @type {Promise<unknown>} one at a time: the last key pressed is the last that counts */
  #pending = Promise.resolve();

  /**
   * @param {import("./api.js").ReviewApi} api
   * @param {import("../shared/notices.js").Notices} notices
   */
  constructor(api, notices) {
    super();
    this.api = api;
    this.notices = notices;
  }

  /** @param {string} name */
  has(name) {
    return this.#right.has(name);
  }

  /** What the log holds. Films are shown as they are where it cannot be asked. */
  async load() {
    try {
      this.#update(await this.api.facings());
    } catch {
      this.notices.warn("Which films you said face right is not known just now: all are shown as they are.");
    }
  }

  /**
   * Say that a film faces right, or take that back.
   *
   * @param {string} name
   */
  toggle(name) {
    this.#pending = this.#pending.then(() => this.#save(name, !this.has(name)));
    return this.#pending;
  }

  /**
   * @param {string} name
   * @param {boolean} right
   */
  async #save(name, right) {
    try {
      this.#update(await this.api.setFacing(name, right));
    } catch (error) {
      const why = error instanceof Refused ? `The server says: ${error.message}` : "The server does not answer.";
      this.notices.warn(`Not saved: ${right ? "that this film faces right" : "the mirroring stays"}. ${why}`);
      return;
    }
    this.notices.announce(right ? "Saved: faces right, shown mirrored." : "Taken back: shown as it is.");
  }

  /** @param {{right: string[]}} answer */
  #update({ right }) {
    this.#right = new Set(right);
    this.dispatchEvent(new Event("change"));
  }
}
