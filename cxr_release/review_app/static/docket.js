// The pairs of a reviewer, the most similar first, and which of them is looked at.

/** @typedef {import("./verdicts.js").Pair} Pair */
/** @typedef {Pair & {saving: boolean}} Shown */

export class Docket {
  /** @type {Pair[]} */
  #pairs = [];
  /** @type {string|null} */
  #name = null;
  /** @type {Map<string, number>} pair → when it was last judged */
  #told = new Map();

  /** @param {import("./outbox.js").Outbox} outbox */
  constructor(outbox) {
    this.outbox = outbox;
  }

  get size() {
    return this.#pairs.length;
  }

  /** Place of the pair that is looked at; -1: none is. */
  get index() {
    return this.#pairs.findIndex(({ name }) => name === this.#name);
  }

  /**
   * How the pair that is looked at stands: what the server said last, and over it what is still on
   * its way there.
   *
   * @returns {Shown|null}
   */
  get current() {
    return this.at(this.index);
  }

  /**
   * @param {number} place
   * @returns {Shown|null}
   */
  at(place) {
    const pair = this.#pairs[place];
    if (pair === undefined) return null;
    const wish = this.outbox.latest(pair.name);
    if (wish === null) return { ...pair, saving: false };
    const verdict = wish.verdict === "retract" ? null : wish.verdict;
    return { ...pair, verdict, note: wish.note, at: null, saving: true };
  }

  /** @param {number} place outside of the pairs: none is looked at */
  open(place) {
    this.#name = this.#pairs[place]?.name ?? null;
  }

  /**
   * What was judged since the list was asked for is newer than the list, whenever that arrives.
   *
   * @param {Pair[]} pairs
   * @param {number} askedAt `performance.now()` before the request
   */
  listed(pairs, askedAt) {
    const known = new Map(this.#pairs.map((one) => [one.name, one]));
    this.#pairs = pairs.map((one) => ((this.#told.get(one.name) ?? -1) < askedAt ? one : known.get(one.name) ?? one));
  }

  /** @param {Pair} pair as it stands after a verdict, from the server or from another tab */
  judged(pair) {
    this.#pairs = this.#pairs.map((one) => (one.name === pair.name ? pair : one));
    this.#told.set(pair.name, performance.now());
  }

  /**
   * Place of the next pair without a verdict, from the start again after the last; -1: none is.
   *
   * @param {number} after
   */
  nextOpen(after) {
    for (let step = 1; step <= this.size; step += 1) {
      const place = (after + step) % this.size;
      if (this.at(place)?.verdict === null) return place;
    }
    return -1;
  }

  /** @param {import("./verdicts.js").Word} word */
  count(word) {
    return this.#pairs.filter(({ verdict }) => verdict === word).length;
  }
}
