// What comes before a person one by one, films or pairs, and which of it is looked at.

import { RecordList } from "./record_list.js";

/**
 * A film or a pair, and what this person said of it. The name is opaque; a page knows more of it.
 *
 * @typedef {{name: string, at: string|null, [more: string]: any}} Item
 */
/** @typedef {Item & {saving: boolean}} Shown */

/** @extends {RecordList<Item>} */
export class Worklist extends RecordList {
  /** Place of the item that is looked at; -1: none is. */
  index = -1;

  /**
   * @param {import("./send_queue.js").SendQueue} queue
   * @param {string} field that holds what a person said of it, null where nothing: "decision"
   */
  constructor(queue, field) {
    super();
    this.queue = queue;
    this.field = field;
  }

  /** @returns {Shown|null} the item that is looked at */
  get current() {
    return this.at(this.index);
  }

  /**
   * Take in the whole list; the item that is looked at stays so, wherever it stands now.
   *
   * @param {Item[]} records
   * @param {number} askedAt
   */
  merge(records, askedAt) {
    const name = this.records[this.index]?.name;
    super.merge(records, askedAt);
    this.index = name === undefined ? -1 : this.placeOf(name);
  }

  /** @param {string} name */
  placeOf(name) {
    return this.records.findIndex((item) => item.name === name);
  }

  /**
   * An item as the server had it last, and over it what is still on its way there.
   *
   * @param {number} place
   * @returns {Shown|null}
   */
  at(place) {
    const item = this.records[place];
    if (item === undefined) return null;
    const unsent = this.queue.latest(item.name);
    if (unsent === null) return { ...item, saving: false };
    const said = unsent[this.field] === "retract" ? null : unsent[this.field];
    return { ...item, ...unsent, [this.field]: said, at: null, saving: true };
  }

  /** @param {number} place outside of the list: nothing is looked at */
  select(place) {
    this.index = place in this.records ? place : -1;
  }

  /**
   * Place of the next item of which nothing is said, from the start again after the last; -1: none is.
   *
   * @param {number} after
   */
  nextOpen(after) {
    for (let step = 1; step <= this.size; step += 1) {
      const place = (after + step) % this.size;
      // What the server knows says most: only what it has open may have a word on its way.
      if (this.records[place][this.field] === null && this.at(place)?.[this.field] === null) return place;
    }
    return -1;
  }

  /** @param {string} said */
  count(said) {
    return this.records.filter((item) => item[this.field] === said).length;
  }
}
