// From page to page of a view, with the pages around this one asked for ahead.

import { Refused, pause } from "../shared/connection.js";
import { ALL, holds, isAll } from "./list_filter.js";
import { readFilm, writeUrl } from "./url_state.js";

/** @typedef {import("./api.js").View} View */
/** @typedef {import("./api.js").Page} Page */
/** @typedef {import("./api.js").Listed} Listed */
/** @typedef {{from?: number, before?: number}} Where */
/** @typedef {"first"|"last"|{film: string|null}|{index: number}} Focus */

const RETRY_MS = 1500;
/** This page, its neighbours, and a few that lie just behind. */
const CACHED = 8;

/** Whether a page is asked for at the start of its view. */
const isStart = (/** @type {Where} */ where) => (where.from ?? where.before) === undefined;

/** Pages of names: this one, and those before and after it, asked for ahead. */
class PageCache {
  /** @type {Map<string, Promise<Page>>} */
  #pages = new Map();

  /**
   * @param {import("./api.js").ReviewApi} api
   * @param {import("./decision_state.js").DecisionState} states
   */
  constructor(api, states) {
    this.api = api;
    this.states = states;
  }

  /**
   * @param {View} view
   * @param {number} n
   * @param {Where} where
   * @param {Listed} listed
   * @returns {Promise<Page>}
   */
  get(view, n, where, listed) {
    // Where a view begins moves with every decision.
    if (isStart(where)) return this.#fetch(view, n, where, listed);
    const key = JSON.stringify([view === "queue" && isAll(listed), view, n, where, listed]);
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = this.#fetch(view, n, where, listed);
      this.#pages.set(key, page);
      for (const old of [...this.#pages.keys()].slice(0, -CACHED)) this.#pages.delete(old);
      page.catch(() => this.#pages.delete(key)); // not there: asked for again next time
    }
    return page;
  }

  /** A decision moves films about in all lists but the whole queue: ask again. */
  forgetLists() {
    for (const key of this.#pages.keys()) {
      if (!JSON.parse(key)[0]) this.#pages.delete(key);
    }
  }

  /** The server no longer has what it had: ask for everything again. */
  forget() {
    this.#pages.clear();
  }

  /**
   * @param {View} view
   * @param {number} n
   * @param {Where} where
   * @param {Listed} listed
   */
  async #fetch(view, n, where, listed) {
    const askedAt = performance.now();
    /** @type {Page} */
    let page;
    try {
      page = await this.api.films(view, n, where, listed);
    } catch (error) {
      // An address that the server does not know, such as one typed by hand: begin anew.
      if (!(error instanceof Refused) || isStart(where)) throw error;
      page = await this.api.films(view, n, {}, {});
    }
    // The films before this one are fewer than a page: show the first page instead.
    if (where.before !== undefined && page.previous === null && page.films.length < n) {
      page = await this.api.films(view, n, { from: 0 }, listed);
    }
    this.states.merge(page.films, askedAt);
    return page;
  }
}

/**
 * Events: "shown" when a page is there, "empty" when the view has no films (any more), "waiting"
 * while the server does not answer, "ahead" when it is known which films are wanted next.
 */
export class PageNavigation extends EventTarget {
  /** @type {View} */
  view = "queue";
  /** Which films of the view. */
  listed = ALL;
  /** @type {Page|null} */
  page = null;
  /** Films on the page that is shown, were it full. */
  #n = 0;
  #turn = 0;
  /** @type {string[]} */
  #neighbours = [];

  /**
   * @param {object} parts
   * @param {import("./api.js").ReviewApi} parts.api
   * @param {import("../shared/image_loader.js").ImageLoader} parts.images
   * @param {import("./decision_state.js").DecisionState} parts.states
   * @param {import("./grid.js").Grid} parts.grid
   * @param {number} parts.films how many there are in all
   */
  constructor({ api, images, states, grid, films }) {
    super();
    this.cache = new PageCache(api, states);
    this.images = images;
    this.states = states;
    this.grid = grid;
    this.films = films;
  }

  /**
   * Show a page as soon as the server gives it. Any later call takes its place.
   *
   * @param {View} view
   * @param {Where} where
   * @param {Focus} [focus]
   * @param {Listed} [listed]
   * @returns {Promise<boolean>} whether it came to that
   */
  async open(view, where, focus = "first", listed = this.listed) {
    this.#turn += 1;
    const n = this.#capacity(view);
    const page = await this.#fetch(this.#turn, view, where, n, listed);
    if (page === null) return false;
    if (page.films.length === 0 && !isStart(where)) return this.open(view, {}, focus, listed);
    this.view = view;
    this.listed = listed;
    this.page = page;
    this.#n = n;
    this.prepare(view);
    const names = page.films.map(({ name }) => name);
    writeUrl(view, names.length > 0 ? page.from : null, listed);
    this.images.prefetch([...names, ...this.grid.names, ...this.#neighbours]);
    this.grid.show(names, indexOf(focus, names));
    this.dispatchEvent(new Event(names.length > 0 ? "shown" : "empty"));
    void this.#fetchAhead(this.#turn, view, page, names);
    return true;
  }

  /** Given from outside: how the window holds a page of a view. */
  measure = (/** @type {View} */ _view) => ({ columns: 6, rows: 4 });

  /** Given from outside: called before a page of a view appears, so that its grid is laid out. */
  prepare = (/** @type {View} */ _view) => {};

  /** The next page; false where there is none. */
  next() {
    if (this.page === null || this.page.next === null) return false;
    let from = this.page.next;
    if (this.view !== "queue") {
      // What left the list on this page has moved all later films up.
      const left = this.grid.names.filter((name) => this.#listed(name)).length;
      from = this.page.from + left;
    }
    void this.open(this.view, { from });
    return true;
  }

  /** The page before, or the last page from the end of the queue. */
  previous() {
    if (this.page === null) return false;
    if (this.page.films.length === 0 && this.view === "queue" && isAll(this.listed)) {
      void this.open("queue", { before: this.films }, "last");
      return true;
    }
    if (this.page.previous === null) return false;
    void this.open(this.view, { before: this.page.from });
    return true;
  }

  /** Show this page again, as the server has it now. */
  async reload() {
    this.cache.forget();
    await this.open(this.view, this.page ? { from: this.page.from } : {}, { film: this.grid.name });
  }

  /** The window has another size: as many films as fit now, the focused one still among them. */
  async resize() {
    const { page, view } = this;
    const { index, name } = this.grid;
    const n = this.#capacity(view);
    if (page === null || this.grid.names.length === 0) return;
    if (n === this.#n) {
      this.prepare(view);
      return;
    }
    let from = page.from;
    if (index >= n && view === "queue") {
      // Only the server knows the focused film's position: it comes after those before it.
      this.#turn += 1;
      const before = await this.#fetch(this.#turn, view, { from }, index, this.listed);
      if (before === null) return;
      from = before.next ?? from;
    } else if (index >= n) {
      from += index;
    }
    await this.open(view, { from }, { film: name });
  }

  /** A decision changes the lists of decisions. */
  forgetLists() {
    this.cache.forgetLists();
  }

  /** Fetch the neighbours again, once the server is back. */
  refresh() {
    const { page } = this;
    if (page) void this.#fetchAhead(this.#turn, this.view, page, this.grid.names);
  }

  /** @param {View} view */
  #capacity(view) {
    const { columns, rows } = this.measure(view);
    return columns * rows;
  }

  /** @param {string} name */
  #listed(name) {
    return holds(this.view, this.listed, this.states.of(name));
  }

  /**
   * @param {number} turn
   * @param {View} view
   * @param {Where} where
   * @param {number} n
   * @param {Listed} listed
   * @returns {Promise<Page|null>} null when another page was asked for meanwhile
   */
  async #fetch(turn, view, where, n, listed) {
    for (;;) {
      try {
        const page = await this.cache.get(view, n, where, listed);
        return turn === this.#turn ? page : null;
      } catch (error) {
        if (turn !== this.#turn) return null;
        const detail = error instanceof Refused ? error.message : "";
        this.dispatchEvent(new CustomEvent("waiting", { detail }));
        await pause(RETRY_MS);
      }
    }
  }

  /**
   * Ask for the pages around this one, names and pictures.
   *
   * @param {number} turn
   * @param {View} view
   * @param {Page} page
   * @param {string[]} names
   */
  async #fetchAhead(turn, view, page, names) {
    const asked = [
      page.next === null ? null : this.cache.get(view, this.#n, { from: page.next }, this.listed),
      page.previous === null ? null : this.cache.get(view, this.#n, { before: page.from }, this.listed),
    ];
    const around = await Promise.all(asked.map((request) => request?.catch(() => null) ?? null));
    if (turn !== this.#turn) return;
    this.#neighbours = around.flatMap((other) => other?.films.map(({ name }) => name) ?? []);
    this.images.prefetch([...names, ...this.#neighbours]);
    this.dispatchEvent(new Event("ahead"));
  }
}

/**
 * @param {Focus} focus
 * @param {string[]} names
 */
function indexOf(focus, names) {
  if (focus === "first") return 0;
  if (focus === "last") return names.length - 1;
  if ("index" in focus) return focus.index;
  return Math.max(0, names.indexOf(focus.film ?? readFilm() ?? ""));
}
