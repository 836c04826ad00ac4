// Half-filled pages on the reader's own disk, so that no reload and no crash empties them.

import { safeStorage } from "./drawer.js";

/**
 * @typedef {object} Draft
 * @property {Record<string, number>} ratings film → 1 … 4, of the films that are rated
 * @property {string} picked film taken for the real one, or empty
 * @property {number} seconds for which the page has been in view
 */

export class Drafts {
  #storage = safeStorage();

  /** @param {string} room of one page and one reader: two may use the same browser */
  constructor(room) {
    this.prefix = `${room}/draft/`;
  }

  /**
   * @param {string} page
   * @returns {Draft|null}
   */
  read(page) {
    try {
      const draft = JSON.parse(this.#storage?.getItem(this.prefix + page) ?? "null");
      return typeof draft?.ratings === "object" && draft.seconds >= 0 ? draft : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} page
   * @param {Draft} draft
   */
  write(page, draft) {
    try {
      this.#storage?.setItem(this.prefix + page, JSON.stringify(draft));
    } catch {
      // full or forbidden: a reload empties the page, and the reader fills it again
    }
  }

  /** @param {string} page */
  remove(page) {
    this.#storage?.removeItem(this.prefix + page);
  }
}
