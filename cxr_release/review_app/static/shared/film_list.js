// The films of one person that come one by one, and which of them is looked at.

import { RecordList } from "./record_list.js";

/**
 * A film, and this person's decision on it. The name is opaque; a page may know more of it.
 *
 * @typedef {{name: string, decision: any, at: string|null, [more: string]: any}} Film
 */
/** @typedef {Film & {saving: boolean}} Shown */

/** @extends {RecordList<Film>} */
export class FilmList extends RecordList {
  /** Place of the film that is looked at; -1: none is. */
  index = -1;

  /** @param {import("./send_queue.js").SendQueue} queue */
  constructor(queue) {
    super();
    this.queue = queue;
  }

  /** @returns {Shown|null} the film that is looked at */
  get current() {
    return this.at(this.index);
  }

  /**
   * Take in the whole list; the film that is looked at stays so, wherever it stands now.
   *
   * @param {Film[]} records
   * @param {number} askedAt
   */
  merge(records, askedAt) {
    const name = this.records[this.index]?.name;
    super.merge(records, askedAt);
    this.index = name === undefined ? -1 : this.placeOf(name);
  }

  /** @param {string} name */
  placeOf(name) {
    return this.records.findIndex((film) => film.name === name);
  }

  /**
   * A film as the server had it last, and over it what is still on its way there.
   *
   * @param {number} place
   * @returns {Shown|null}
   */
  at(place) {
    const film = this.records[place];
    if (film === undefined) return null;
    const unsent = this.queue.latest(film.name);
    if (unsent === null) return { ...film, saving: false };
    const decision = unsent.decision === "retract" ? null : unsent.decision;
    return { ...film, ...unsent, decision, at: null, saving: true };
  }

  /** @param {number} place outside of the films: none is looked at */
  select(place) {
    this.index = place in this.records ? place : -1;
  }

  /**
   * Place of the next film without a decision, from the start again after the last; -1: none is.
   *
   * @param {number} after
   */
  nextOpen(after) {
    for (let step = 1; step <= this.size; step += 1) {
      const place = (after + step) % this.size;
      // What the server knows says most: only what it has open may have a decision on its way.
      if (this.records[place].decision === null && this.at(place)?.decision === null) return place;
    }
    return -1;
  }
}
