// Pages of names: this one, and those before and after it, asked for ahead.

import { Refused } from "./connection.js";

/** @typedef {import("./api.js").Page} Page */
/** @typedef {{from?: number, before?: number}} Where */

/** This page, its neighbours, and a few that lie just behind. */
const HELD = 8;

export class Pages {
  /** @type {Map<string, Promise<Page>>} */
  #asked = new Map();

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./standings.js").Standings} standings
   */
  constructor(api, standings) {
    this.api = api;
    this.standings = standings;
  }

  /**
   * @param {import("./api.js").View} view
   * @param {number} n
   * @param {Where} where
   * @returns {Promise<Page>}
   */
  get(view, n, where) {
    // Where a view begins moves with every decision.
    if ((where.from ?? where.before) === undefined) return this.#ask(view, n, where);
    const key = JSON.stringify([view, n, where.from, where.before]);
    let page = this.#asked.get(key);
    if (page === undefined) {
      page = this.#ask(view, n, where);
      this.#asked.set(key, page);
      for (const old of [...this.#asked.keys()].slice(0, -HELD)) this.#asked.delete(old);
      page.catch(() => this.#asked.delete(key)); // not there: asked for again next time
    }
    return page;
  }

  /** A decision moves films about in the lists of decisions (never in the queue): ask again. */
  forgetLists() {
    for (const key of this.#asked.keys()) {
      if (JSON.parse(key)[0] !== "queue") this.#asked.delete(key);
    }
  }

  /** The server no longer has what it had: ask for everything again. */
  forget() {
    this.#asked.clear();
  }

  /**
   * @param {import("./api.js").View} view
   * @param {number} n
   * @param {Where} where
   */
  async #ask(view, n, where) {
    const askedAt = performance.now();
    /** @type {Page} */
    let page;
    try {
      page = await this.api.films(view, n, where);
    } catch (error) {
      // An address that the server does not know, such as one typed by hand: begin anew.
      if (!(error instanceof Refused) || (where.from ?? where.before) === undefined) throw error;
      page = await this.api.films(view, n, {});
    }
    // The films before this one are fewer than a page: show the first page instead.
    if (where.before !== undefined && page.previous === null && page.films.length < n) {
      page = await this.api.films(view, n, { from: 0 });
    }
    this.standings.listed(page.films, askedAt);
    return page;
  }
}
