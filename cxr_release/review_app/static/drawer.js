// Unsent decisions on the reviewer's own disk, so that no reload and no crash loses them.

/**
 * What is sent in one request.
 * @typedef {object} Letter
 * @property {string} key
 * @property {boolean} undecidedOnly
 * @property {any[]} decisions
 */

/**
 * One entry of localStorage a letter: two tabs add and remove without ever writing over each
 * other. The key sorts by time and ends with the tab that sends the letter.
 */
export class Drawer {
  /**
   * @param {string} room of one page and one reviewer: two pages may come from the same address
   * @param {string} tab
   * @param {Storage|null} storage
   */
  constructor(room, tab, storage = safeStorage()) {
    this.prefix = `${room}/unsent/`;
    this.tab = tab;
    this.storage = storage;
    this.count = 0;
  }

  /**
   * @param {any[]} decisions
   * @param {boolean} undecidedOnly
   * @returns {Letter}
   */
  put(decisions, undecidedOnly) {
    this.count += 1;
    const order = `${String(Date.now()).padStart(14, "0")}-${String(this.count).padStart(6, "0")}`;
    const letter = { key: `${order}-${this.tab}`, undecidedOnly, decisions };
    try {
      this.storage?.setItem(this.prefix + letter.key, JSON.stringify(letter));
    } catch {
      this.storage = null; // full or forbidden: `keeps` says so, and leaving the page warns
    }
    return letter;
  }

  /** Whether this browser keeps letters over a reload. */
  get keeps() {
    return this.storage !== null;
  }

  /** @param {Letter} letter */
  remove(letter) {
    this.storage?.removeItem(this.prefix + letter.key);
  }

  /**
   * Take over letters that no living tab will send.
   *
   * @param {ReadonlySet<string>} living
   * @returns {Letter[]} the oldest first
   */
  adopt(living) {
    return this.left(living).map((letter) => {
      const mine = { ...letter, key: letter.key.replace(/[^-]*$/, this.tab) };
      this.storage?.setItem(this.prefix + mine.key, JSON.stringify(mine));
      this.remove(letter);
      return mine;
    });
  }

  /**
   * Letters that no living tab will send, the oldest first.
   *
   * @param {ReadonlySet<string>} [living]
   * @returns {Letter[]}
   */
  left(living = new Set()) {
    if (this.storage === null) return [];
    return Object.keys(this.storage)
      .filter((key) => key.startsWith(this.prefix))
      .sort()
      .filter((key) => !living.has(key.slice(key.lastIndexOf("-") + 1)))
      .map((key) => read(/** @type {Storage} */ (this.storage), key))
      .filter((letter) => letter !== null);
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @returns {Letter|null}
 */
function read(storage, key) {
  try {
    const letter = JSON.parse(storage.getItem(key) ?? "");
    return Array.isArray(letter.decisions) && letter.decisions.length > 0 ? letter : null;
  } catch {
    return null;
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
