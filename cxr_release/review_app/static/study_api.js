// What the reader study's page asks of the server, and how the answers look.

import { Connection } from "./connection.js";

/**
 * One quartet, and how it stands with this reader. All names are opaque.
 * @typedef {object} Sheet
 * @property {string} name
 * @property {string[]} films in the order shown
 * @property {boolean} answered
 * @property {number[]|null} ratings one a film; null unless it is answered and may be changed
 * @property {number|null} picked place of the film taken for the real one; null as above
 */

/** @typedef {{reader: string, title: string, going_back: boolean}} Setup */
/** @typedef {{page: string, ratings: Record<string, number>, picked: string, seconds: number}} Wish */
/** @typedef {{page: Sheet, logged: number}} Answer */

export class Answers extends Connection {
  /** @returns {Promise<Setup>} */
  setup() {
    return this.get("setup");
  }

  /** @returns {Promise<{pages: Sheet[]}>} */
  pages() {
    return this.get("pages");
  }

  /**
   * @param {Wish[]} wishes one at a time
   * @returns {Promise<Answer>}
   */
  send([wish]) {
    return this.post("answers", wish);
  }
}
