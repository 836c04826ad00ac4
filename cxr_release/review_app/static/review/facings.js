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
   * @param {import("../shared/history.js").History} history
   */
  constructor(api, notices, history) {
    super();
    this.history = history;
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
    this.#pending = this.#pending.then(async () => {
      const right = !this.has(name);
      if (!(await this.#save(name, right))) return;
      this.history.push({ undo: () => this.#instead(name, !right), redo: () => this.#instead(name, right) });
    });
    return this.#pending;
  }

  /**
   * @param {string} name
   * @param {boolean} right
   */
  async #instead(name, right) {
    if (this.has(name) === right) return false;
    return (await this.#save(name, right)) || null;
  }

  /**
   * @param {string} name
   * @param {boolean} right
   * @returns {Promise<boolean>} whether the server has it
   */
  async #save(name, right) {
    try {
      this.#update(await this.api.setFacing(name, right));
    } catch (error) {
      const why = error instanceof Refused ? `The server says: ${error.message}` : "The server does not answer.";
      this.notices.warn(`Not saved: ${right ? "that this film faces right" : "the mirroring stays"}. ${why}`);
      return false;
    }
    this.said(name, right ? "Saved: faces right, shown mirrored." : "Taken back: shown as it is.");
    return true;
  }

  /** Called to say what is saved of a film, which may be out of sight. @param {string} _name @param {string} text */
  said(_name, text) {
    this.notices.announce(text);
  }

  /** @param {{right: string[]}} answer */
  #update({ right }) {
    this.#right = new Set(right);
    this.dispatchEvent(new Event("change"));
  }
}
