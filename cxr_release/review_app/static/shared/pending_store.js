// Unsent decisions on the reviewer's own disk, so that no reload and no crash loses them.

/**
 * What is sent in one request.
 * @typedef {object} Batch
 * @property {string} key
 * @property {boolean} undecidedOnly
 * @property {any[]} decisions
 */

/**
 * One entry of localStorage a batch: two tabs add and remove without ever writing over each
 * other. The key sorts by time and ends with the tab that sends the batch.
 */
export class PendingStore {
  #storage = safeStorage();
  #count = 0;

  /**
   * @param {string} room of one page and one reviewer: two pages may come from the same address
   * @param {string} tab
   */
  constructor(room, tab) {
    this.prefix = `${room}/unsent/`;
    this.tab = tab;
  }

  /**
   * @param {any[]} decisions
   * @param {boolean} undecidedOnly
   * @returns {Batch}
   */
  add(decisions, undecidedOnly) {
    this.#count += 1;
    const order = `${String(Date.now()).padStart(14, "0")}-${String(this.#count).padStart(6, "0")}`;
    const batch = { key: `${order}-${this.tab}`, undecidedOnly, decisions };
    try {
      this.#write(batch);
    } catch {
      this.#storage = null; // full or forbidden: `persistent` says so, and leaving the page warns
    }
    return batch;
  }

  /** Whether this browser keeps batches over a reload. */
  get persistent() {
    return this.#storage !== null;
  }

  /** @param {Batch} batch */
  remove(batch) {
    this.#storage?.removeItem(this.prefix + batch.key);
  }

  /**
   * Take over batches that no living tab will send.
   *
   * @param {ReadonlySet<string>} living
   * @returns {Batch[]} the oldest first
   */
  adopt(living) {
    return this.orphans(living).map((batch) => {
      const own = { ...batch, key: batch.key.replace(/[^-]*$/, this.tab) };
      try {
        this.#write(own);
      } catch {
        return batch; // full: it is sent from where it lies
      }
      this.remove(batch);
      return own;
    });
  }

  /**
   * Batches that no living tab will send, the oldest first.
   *
   * @param {ReadonlySet<string>} [living]
   * @returns {Batch[]}
   */
  orphans(living = new Set()) {
    return Object.keys(this.#storage ?? {})
      .filter((key) => key.startsWith(this.prefix))
      .sort()
      .filter((key) => !living.has(key.slice(key.lastIndexOf("-") + 1)))
      .flatMap((key) => this.#read(key));
  }

  /** @param {Batch} batch */
  #write(batch) {
    this.#storage?.setItem(this.prefix + batch.key, JSON.stringify(batch));
  }

  /**
   * @param {string} key
   * @returns {Batch[]} none where the entry is not a batch
   */
  #read(key) {
    try {
      const batch = JSON.parse(this.#storage?.getItem(key) ?? "");
      return Array.isArray(batch.decisions) && batch.decisions.length > 0 ? [batch] : [];
    } catch {
      return [];
    }
  }
}

/** localStorage, or null where the browser forbids it. */
export function safeStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
