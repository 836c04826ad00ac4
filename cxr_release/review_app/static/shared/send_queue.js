// Decisions, verdicts or answers on their way to the server: in order, one request at a time, until
// it has them.

import { Refused, pause } from "./connection.js";

/** @typedef {import("./pending_store.js").Batch} Batch */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 3000;

/**
 * Events: "change" whenever what is unsent changed; "saved" with the batch and the server's answer;
 * "refused" with the batch and the server's sentence.
 */
export class SendQueue extends EventTarget {
  /** @type {Batch[]} */
  #batches = [];
  #started = false;
  #sending = false;

  /**
   * @param {import("./connection.js").Connection & {send: (decisions: any[], undecidedOnly: boolean) => Promise<object>}} api
   * @param {import("./pending_store.js").PendingStore} store
   * @param {string} subject the property of a decision that names what it is on
   */
  constructor(api, store, subject) {
    super();
    this.api = api;
    this.store = store;
    this.subject = subject;
  }

  /**
   * Begin to send, what an earlier page left behind first.
   *
   * @param {Batch[]} left
   */
  start(left) {
    this.#batches.unshift(...left);
    this.#started = true;
    this.#changed();
    void this.#send();
  }

  /** Decisions that the server has not acknowledged. */
  get size() {
    return this.#batches.reduce((sum, batch) => sum + batch.decisions.length, 0);
  }

  /** Whole pages among the batches. */
  get pages() {
    return this.#batches.filter((batch) => batch.undecidedOnly).length;
  }

  /**
   * The last unsent decision on something.
   *
   * @param {string} name
   * @returns {any|null}
   */
  latest(name) {
    const unsent = this.#batches.flatMap(({ decisions }) => decisions);
    return unsent.findLast((decision) => decision[this.subject] === name) ?? null;
  }

  /**
   * @param {any[]} decisions
   * @param {{undecidedOnly?: boolean}} [how]
   */
  add(decisions, { undecidedOnly = false } = {}) {
    this.#batches.push(this.store.add(decisions, undecidedOnly));
    this.#changed();
    void this.#send();
  }

  /**
   * Wait until nothing is unsent, but no longer than this, and not for a server in trouble.
   *
   * @param {number} longest milliseconds
   * @returns {Promise<void>}
   */
  drained(longest) {
    return new Promise((resolve) => {
      const look = () => {
        if (this.size === 0 || this.api.trouble !== null) resolve();
      };
      this.addEventListener("change", look);
      this.api.addEventListener("change", look);
      setTimeout(resolve, longest);
      look();
    });
  }

  async #send() {
    if (this.#sending || !this.#started) return;
    this.#sending = true;
    let wait = FIRST_PAUSE_MS;
    while (this.#batches.length > 0) {
      const batch = this.#batches[0];
      try {
        const answer = await this.api.send(batch.decisions, batch.undecidedOnly);
        this.#done(batch, "saved", { batch, answer });
        wait = FIRST_PAUSE_MS;
      } catch (error) {
        if (error instanceof Refused) {
          this.#done(batch, "refused", { batch, message: error.message });
        } else {
          await pause(wait);
          wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
        }
      }
    }
    this.#sending = false;
  }

  /**
   * @param {Batch} batch
   * @param {string} event
   * @param {object} detail
   */
  #done(batch, event, detail) {
    this.#batches.shift();
    this.store.remove(batch);
    this.dispatchEvent(new CustomEvent(event, { detail }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
