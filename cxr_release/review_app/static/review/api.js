// What the screening page asks of the server, and how the answers look.

import { Connection } from "../shared/connection.js";

/** @typedef {"queue"|"excluded"|"decided"} View */
/** @typedef {"keep"|"exclude"|"retract"} Verb */

/**
 * A film, and this reviewer's decision on it.
 * @typedef {object} FilmState
 * @property {string} name opaque; the page never learns which film it is
 * @property {string} code by which people tell each other which film they mean
 * @property {"keep"|"exclude"|null} decision
 * @property {string} reason
 * @property {string} note
 * @property {string|null} at
 */

/** @typedef {{done: number, left: number, excluded: number, per_minute: number|null, minutes_left: number|null}} Progress */
/** @typedef {{state: string, reason: string, note: string}} Listed which films of a view; empty: all */
/** @typedef {{films: FilmState[], matching: number|null, from: number, next: number|null, previous: number|null}} Page */
/** @typedef {{reviewer: string, title: string, reasons: {code: string, meaning: string}[], findings: {code: string, meaning: string}[], anatomy: string, facing: string|null, films: number, thumbnails?: number[]}} Setup */
/** @typedef {{film: string, decision: Verb, reason: string, note: string}} NewDecision */
/** @typedef {{films: FilmState[], logged: number}} Answer */

export class ReviewApi extends Connection {
  /**
   * @param {View} view
   * @param {number} n
   * @param {{from?: number, before?: number}} where
   * @param {Partial<Listed>} [listed]
   * @returns {Promise<Page>}
   */
  films(view, n, where, listed = {}) {
    const narrowed = Object.entries(listed).filter(([, value]) => value);
    const query = new URLSearchParams({ view, n: String(n), ...Object.fromEntries(narrowed) });
    if (where.from !== undefined) query.set("from", String(where.from));
    if (where.before !== undefined) query.set("before", String(where.before));
    return this.get(`films?${query}`);
  }

  /** @returns {Promise<{right: string[]}>} films that the reviewer says face right */
  facings() {
    return this.get("facing");
  }

  /**
   * @param {string} film
   * @param {boolean} right whether it faces right; false takes that back
   * @returns {Promise<{right: string[]}>}
   */
  setFacing(film, right) {
    return this.post("facing", { film, right });
  }

  /** @returns {Promise<{noted: Record<string, string[]>}>} films that the reviewer tagged, by name */
  findings() {
    return this.get("findings");
  }

  /**
   * @param {string} film
   * @param {string[]|null} findings codes, none where none is seen; null takes back what was noted
   * @returns {Promise<{noted: Record<string, string[]>}>}
   */
  setFindings(film, findings) {
    return this.post("findings", { film, findings });
  }

  /**
   * @param {NewDecision[]} decisions
   * @param {boolean} undecidedOnly
   * @returns {Promise<Answer>}
   */
  send(decisions, undecidedOnly) {
    return this.post("decisions", { undecided_only: undecidedOnly, decisions });
  }
}
