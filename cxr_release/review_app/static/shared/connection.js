// Questions to the server that this page came from, and the two ways in which it can fail to answer.

/** Milliseconds of a clock that all tabs of this browser share. */
export const now = () => performance.timeOrigin + performance.now();

/** @param {number} ms */
export const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** The server understood and said no: to ask again would not help. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** No answer that counts; the same request may succeed later. */
export class Unanswered extends Error {
  /**
   * @param {"silent"|"session"|"fault"} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * The newest of several answers to the same question, in whatever order they come. Event "change"
 * when it says something else.
 *
 * @template {object} T
 */
export class Latest extends EventTarget {
  /** @type {T|null} */
  value = null;
  /** @type {{value: T, moment: number, askedAt: number}|null} the last answer that counted, for other tabs */
  last = null;
  #updatedAt = -Infinity;

  /**
   * An answer. One that was asked for after the last had come is newer than that; of two that
   * were on their way at once, the server's clock says which is.
   *
   * @param {T} value
   * @param {number} moment of the server's clock, at which this was so
   * @param {number} askedAt `now()` before the request
   */
  update(value, moment, askedAt) {
    if (this.last !== null && askedAt < this.#updatedAt && moment < this.last.moment) return;
    const changed = JSON.stringify(value) !== JSON.stringify(this.value);
    this.value = value;
    this.last = { value, moment, askedAt };
    this.#updatedAt = now();
    if (changed) this.dispatchEvent(new Event("change"));
  }
}

/** Longer than any disk needs; a request that takes longer is asked again. */
const PATIENCE_MS = 20000;

/** `trouble` says what keeps the server from answering, null while all is well; "change" tells. */
export class Connection extends EventTarget {
  /** @type {Unanswered|null} */
  trouble = null;
  /**
   * How far the person is, of whichever answer is the newest: no answer that is kept for later
   * holds it.
   *
   * @type {Latest<any>}
   */
  progress = new Latest();

  /** @returns {Promise<any>} who is at the page, and what it shows */
  setup() {
    return this.get("setup");
  }

  /**
   * Where the film, or pair, of a code is for this person.
   *
   * @param {string} code as somebody typed it
   * @returns {Promise<any>}
   */
  find(code) {
    return this.get(`code?${new URLSearchParams({ code })}`);
  }

  /**
   * @param {string} path
   * @returns {Promise<any>}
   */
  get(path) {
    return this.#json(path);
  }

  /**
   * @param {string} path
   * @param {object} value
   * @returns {Promise<any>}
   */
  post(path, value) {
    return this.#json(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(value),
    });
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   * @param {number|null} [width] of a small picture; null: the film itself
   * @returns {Promise<Blob>}
   */
  async film(name, signal, width = null) {
    const query = width === null ? "" : `?w=${width}`;
    const response = await this.#ask(`film/${encodeURIComponent(name)}${query}`, { signal });
    if (!response.ok) throw new Refused(response.status, await sentence(response));
    return response.blob();
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async #json(path, options = {}) {
    const askedAt = now();
    const response = await this.#ask(path, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    if (response.status >= 500) {
      throw this.#note(new Unanswered("fault", await sentence(response)));
    }
    if (!response.ok) throw new Refused(response.status, await sentence(response));
    try {
      const { progress, moment, ...value } = await response.json();
      this.#note(null);
      if (progress !== undefined) this.progress.update(progress, moment, askedAt);
      return value;
    } catch {
      throw this.#note(new Unanswered("silent", "the answer broke off"));
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} options
   */
  async #ask(path, options) {
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL(path, document.baseURI), {
        credentials: "same-origin",
        cache: "no-store",
        ...options,
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw this.#note(new Unanswered("silent", "the server does not answer"));
    }
    if (response.status === 403) {
      throw this.#note(new Unanswered("session", "the session has ended"));
    }
    return response;
  }

  /**
   * @template {Unanswered|null} T
   * @param {T} trouble
   * @returns {T}
   */
  #note(trouble) {
    const changed = this.trouble?.message !== trouble?.message;
    this.trouble = trouble;
    if (changed) this.dispatchEvent(new Event("change"));
    return trouble;
  }
}

/**
 * The server's one sentence on an error.
 *
 * @param {Response} response
 */
async function sentence(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string" && error) return error;
  } catch {
    // no JSON: the status has to do
  }
  return `the server answered with status ${response.status}`;
}
