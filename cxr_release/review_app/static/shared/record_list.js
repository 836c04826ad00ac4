// The pairs of a reviewer, or the pages of a reader, in their order, as the server had them last.

/**
 * @template {{name: string}} T
 */
export class RecordList {
  /** @type {T[]} */
  records = [];
  /** @type {Map<string, number>} name → when it was last saved */
  #savedAt = new Map();

  get size() {
    return this.records.length;
  }

  /**
   * Take in the whole list. What was saved since it was asked for is newer than the list, whenever
   * that arrives.
   *
   * @param {T[]} records
   * @param {number} askedAt `performance.now()` before the request
   */
  merge(records, askedAt) {
    const known = new Map(this.records.map((record) => [record.name, record]));
    this.records = records.map((record) => {
      const listedLater = (this.#savedAt.get(record.name) ?? -1) < askedAt;
      return listedLater ? record : (known.get(record.name) ?? record);
    });
  }

  /** @param {T} record as it stands after it was saved, from the server or from another tab */
  update(record) {
    this.records = this.records.map((old) => (old.name === record.name ? record : old));
    this.#savedAt.set(record.name, performance.now());
  }

  /**
   * Ask for the whole list, and take it in.
   *
   * @param {() => Promise<T[]>} ask
   */
  async load(ask) {
    const askedAt = performance.now();
    this.merge(await ask(), askedAt);
  }
}
