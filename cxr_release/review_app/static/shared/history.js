// What was done on a page since it was opened, step by step: undone, and done anew.

/**
 * What became of an undo or a redo: true: done; false: it cannot be, for something else has happened
 * since, and the step is forgotten; null: not now, and the step stays.
 *
 * @typedef {boolean|null} Outcome
 */

/**
 * One thing that was done. Both ways say what they did.
 *
 * @typedef {object} Step
 * @property {() => Outcome|Promise<Outcome>} undo
 * @property {() => Outcome|Promise<Outcome>} redo
 * @property {string} [same] steps in a row that are called alike are undone as one
 */

/** Steps that can be undone one after the other. */
const REMEMBERED = 500;

export class History {
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];
  /** @type {Promise<boolean>} one at a time: a step may wait for the server */
  #pending = Promise.resolve(true);

  /** @param {Step} step that was just done */
  push(step) {
    this.#undone = [];
    const last = this.#done.at(-1);
    if (last && step.same && last.same === step.same) last.redo = step.redo;
    else this.#done.push(step);
    if (this.#done.length > REMEMBERED) this.#done.shift();
  }

  clear() {
    this.#done = [];
    this.#undone = [];
  }

  /** @returns {Promise<boolean>} whether there is anything to undo */
  undo() {
    return this.#next(() => this.#move(this.#done, this.#undone, "undo"));
  }

  /** @returns {Promise<boolean>} whether there is anything to redo */
  redo() {
    return this.#next(() => this.#move(this.#undone, this.#done, "redo"));
  }

  /** @param {() => Promise<boolean>} act */
  #next(act) {
    this.#pending = this.#pending.then(act);
    return this.#pending;
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   * @param {"undo"|"redo"} way
   */
  async #move(from, to, way) {
    for (let step = from.pop(); step !== undefined; step = from.pop()) {
      const outcome = await step[way]();
      if (outcome === false) continue;
      (outcome === null ? from : to).push(step);
      for (const each of [...this.#done.slice(-1), step]) each.same = undefined; // what is done next is a step of its own
      return true;
    }
    return false;
  }
}
