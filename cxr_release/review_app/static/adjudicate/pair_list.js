// The pairs of a reviewer, the most similar first, and which of them is looked at.

import { RecordList } from "../shared/record_list.js";

/** @typedef {import("./api.js").Pair} Pair */
/** @typedef {Pair & {saving: boolean}} Shown */

/** @extends {RecordList<Pair>} */
export class PairList extends RecordList {
  /** @type {string|null} */
  #name = null;

  /** @param {import("../shared/send_queue.js").SendQueue} queue */
  constructor(queue) {
    super();
    this.queue = queue;
  }

  /** Place of the pair that is looked at; -1: none is. */
  get index() {
    return this.records.findIndex(({ name }) => name === this.#name);
  }

  /** @returns {Shown|null} the pair that is looked at */
  get current() {
    return this.at(this.index);
  }

  /** @param {string} name */
  placeOf(name) {
    return this.records.findIndex((pair) => pair.name === name);
  }

  /**
   * A pair as the server had it last, and over it what is still on its way there.
   *
   * @param {number} place
   * @returns {Shown|null}
   */
  at(place) {
    const pair = this.records[place];
    if (pair === undefined) return null;
    const unsent = this.queue.latest(pair.name);
    if (unsent === null) return { ...pair, saving: false };
    const verdict = unsent.verdict === "retract" ? null : unsent.verdict;
    return { ...pair, verdict, note: unsent.note, at: null, saving: true };
  }

  /** @param {number} place outside of the pairs: none is looked at */
  select(place) {
    this.#name = this.records[place]?.name ?? null;
  }

  /**
   * Place of the next pair without a verdict, from the start again after the last; -1: none is.
   *
   * @param {number} after
   */
  nextUnjudged(after) {
    for (let step = 1; step <= this.size; step += 1) {
      const place = (after + step) % this.size;
      if (this.at(place)?.verdict === null) return place;
    }
    return -1;
  }

  /** @param {import("./api.js").Verdict} verdict */
  count(verdict) {
    return this.records.filter((pair) => pair.verdict === verdict).length;
  }
}
