// How each film stands: what the server said last, and over it what is still on its way there.

/** @typedef {import("./api.js").Standing} Standing */

/** @typedef {Standing & {saving: boolean}} Shown */

/** @type {Omit<Standing, "name">} */
const OPEN = { decision: null, reason: "", note: "", at: "" };

export class Standings {
  /** @type {Map<string, Standing>} */
  #saved = new Map();
  /** @type {Map<string, number>} */
  #told = new Map();

  /** @param {import("./outbox.js").Outbox} outbox */
  constructor(outbox) {
    this.outbox = outbox;
  }

  /**
   * Films of a page that was asked for at some moment. What was decided since then is newer than
   * the page, whenever that arrives.
   *
   * @param {Standing[]} films
   * @param {number} askedAt `performance.now()` before the request
   */
  listed(films, askedAt) {
    for (const film of films) {
      if ((this.#told.get(film.name) ?? -1) < askedAt) this.#saved.set(film.name, clean(film));
    }
  }

  /**
   * Films as they stand after decisions, from the server or from another tab.
   *
   * @param {Standing[]} films
   */
  decided(films) {
    for (const film of films) {
      this.#saved.set(film.name, clean(film));
      this.#told.set(film.name, performance.now());
    }
  }

  /**
   * What the page shows for a film.
   *
   * @param {string} name
   * @returns {Shown}
   */
  of(name) {
    const saved = this.#saved.get(name) ?? { name, ...OPEN };
    const wish = this.outbox.latest(name);
    if (wish === null) return { ...saved, saving: false };
    if (wish.decision === "retract") return { name, ...OPEN, saving: true };
    return { name, decision: wish.decision, reason: wish.reason, note: wish.note, at: "", saving: true };
  }
}

/**
 * @param {Standing} film
 * @returns {Standing}
 */
function clean(film) {
  return {
    name: film.name,
    decision: film.decision ?? null,
    reason: film.reason ?? "",
    note: film.note ?? "",
    at: film.at ?? "",
  };
}
