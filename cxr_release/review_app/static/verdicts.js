// What the audit page asks of the server, and how the answers look.

import { Connection } from "./connection.js";

/** @typedef {"copy"|"not-a-copy"|"unsure"} Word */

/**
 * A pair, and how it stands with this reviewer. All names are opaque.
 * @typedef {object} Pair
 * @property {string} name
 * @property {string} real name of the real film
 * @property {string} synthetic name of the synthetic film
 * @property {"plain"|"mirrored"|"inverted"|"mirrored-inverted"} view how it is held against the real one
 * @property {Word|null} verdict
 * @property {string} note
 * @property {string|null} at
 */

/** @typedef {{done: number, left: number, awaited: number|null}} Progress */
/** @typedef {{reviewer: string, title: string, adjudicates: boolean}} Setup */
/** @typedef {{pairs: Pair[]}} Listing */
/** @typedef {{pair: string, verdict: Word|"retract", note: string}} Wish */
/** @typedef {{pair: Pair, logged: number}} Answer */

/** @type {Record<Word, string>} */
export const SAYS = { copy: "copy", "not-a-copy": "not a copy", unsure: "unsure" };

export class Verdicts extends Connection {
  /** @returns {Promise<Setup>} */
  setup() {
    return this.get("setup");
  }

  /** @returns {Promise<Listing>} */
  pairs() {
    return this.get("pairs");
  }

  /**
   * @param {Wish[]} wishes one at a time
   * @returns {Promise<Answer>}
   */
  send([wish]) {
    return this.post("verdicts", wish);
  }
}
