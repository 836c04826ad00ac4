// What the server said last of something, in whatever order its answers come.

/** Milliseconds of a clock that all tabs of this browser share. */
export const now = () => performance.timeOrigin + performance.now();

/**
 * The newest of several answers to the same question. Event "change" when it says something else.
 *
 * @template {object} T
 */
export class Newest extends EventTarget {
  /** @type {T|null} */
  value = null;
  /** @type {{value: T, moment: number, askedAt: number}|null} the last answer that counted, for other tabs */
  last = null;
  #heardAt = -Infinity;

  /**
   * An answer. One that was asked for after the last had come is newer than that; of two that
   * were on their way at once, the server's clock says which is.
   *
   * @param {T} value
   * @param {number} moment of the server's clock, at which this was so
   * @param {number} askedAt `now()` before the request
   */
  hear(value, moment, askedAt) {
    if (this.last !== null && askedAt < this.#heardAt && moment < this.last.moment) return;
    const changed = JSON.stringify(value) !== JSON.stringify(this.value);
    this.value = value;
    this.last = { value, moment, askedAt };
    this.#heardAt = now();
    if (changed) this.dispatchEvent(new Event("change"));
  }
}
