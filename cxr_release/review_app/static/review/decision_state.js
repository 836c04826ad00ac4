// The decision on each film: what the server said last, and over it what is still on its way there.

/** @typedef {import("./api.js").FilmState} FilmState */
/** @typedef {FilmState & {saving: boolean}} Shown */

const UNDECIDED = { code: "", decision: null, reason: "", note: "", at: "" };

export class DecisionState {
  /** @type {Map<string, FilmState>} */
  #saved = new Map();
  /** @type {Map<string, number>} film → when it was last decided on */
  #decidedAt = new Map();

  /** @param {import("../shared/send_queue.js").SendQueue} queue */
  constructor(queue) {
    this.queue = queue;
  }

  /**
   * Films of a page that was asked for at some moment. What was decided since then is newer than
   * the page, whenever that arrives.
   *
   * @param {FilmState[]} films
   * @param {number} askedAt `performance.now()` before the request
   */
  merge(films, askedAt) {
    for (const film of films) {
      if ((this.#decidedAt.get(film.name) ?? -1) < askedAt) this.#saved.set(film.name, film);
    }
  }

  /**
   * Films as they stand after decisions, from the server or from another tab.
   *
   * @param {FilmState[]} films
   */
  update(films) {
    for (const film of films) {
      this.#saved.set(film.name, film);
      this.#decidedAt.set(film.name, performance.now());
    }
  }

  /**
   * What the page shows for a film.
   *
   * @param {string} name
   * @returns {Shown}
   */
  of(name) {
    const unsent = this.queue.latest(name);
    const saved = this.#saved.get(name);
    if (unsent === null) return { name, ...UNDECIDED, ...saved, saving: false };
    const code = saved?.code ?? "";
    if (unsent.decision === "retract") return { name, ...UNDECIDED, code, saving: true };
    const { decision, reason, note } = unsent;
    return { name, code, decision, reason, note, at: "", saving: true };
  }
}
