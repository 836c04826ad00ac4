// From page to page of a view, with the pages around this one asked for ahead.

import { Refused } from "./connection.js";
import { readFilm, writePlace } from "./place.js";

/** @typedef {import("./api.js").View} View */
/** @typedef {import("./api.js").Page} Page */
/** @typedef {import("./pages.js").Where} Where */
/** @typedef {"first"|"last"|{film: string|null}|{index: number}} Focus */

const RETRY_MS = 1500;

/**
 * Events: "shown" when a page is there, "empty" when the view has no films (any more), "waiting"
 * while the server does not answer, "ahead" when it is known which films are wanted next.
 */
export class Journey extends EventTarget {
  /** @type {View} */
  view = "queue";
  /** @type {Page|null} */
  page = null;
  /** Films on the page that is shown, were it full. */
  #n = 0;
  #turn = 0;
  /** @type {string[]} */
  #held = [];

  /**
   * @param {object} parts
   * @param {import("./pages.js").Pages} parts.pages
   * @param {import("./pictures.js").Pictures} parts.pictures
   * @param {import("./standings.js").Standings} parts.standings
   * @param {import("./grid.js").Grid} parts.grid
   * @param {number} parts.films how many there are in all
   */
  constructor({ pages, pictures, standings, grid, films }) {
    super();
    this.pages = pages;
    this.pictures = pictures;
    this.standings = standings;
    this.grid = grid;
    this.films = films;
  }

  /**
   * Show a page as soon as the server gives it. Any later call takes its place.
   *
   * @param {View} view
   * @param {Where} where
   * @param {Focus} [focus]
   * @returns {Promise<boolean>} whether it came to that
   */
  async open(view, where, focus = "first") {
    this.#turn += 1;
    const n = this.#fits(view);
    const page = await this.#fetch(this.#turn, view, where, n);
    if (page === null) return false;
    const begun = (where.from ?? where.before) === undefined;
    if (page.films.length === 0 && !begun) return this.open(view, {}, focus);
    this.view = view;
    this.page = page;
    this.#n = n;
    this.prepare(view);
    const names = page.films.map(({ name }) => name);
    writePlace(view, names.length > 0 ? page.from : null);
    this.pictures.want([...names, ...this.grid.names, ...this.#held]);
    this.grid.show(names, placeOf(focus, names));
    this.dispatchEvent(new Event(names.length > 0 ? "shown" : "empty"));
    void this.#ahead(this.#turn, view, page, names);
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
    if (this.page.films.length === 0 && this.view === "queue") {
      void this.open("queue", { before: this.films }, "last");
      return true;
    }
    if (this.page.previous === null) return false;
    void this.open(this.view, { before: this.page.from });
    return true;
  }

  /** Show this page again, as the server has it now. */
  async again() {
    this.pages.forget();
    await this.open(this.view, this.page ? { from: this.page.from } : {}, { film: this.grid.name });
  }

  /** The window has another size: as many films as fit now, the focused one still among them. */
  async resize() {
    const { page, view } = this;
    const { index, name } = this.grid;
    const n = this.#fits(view);
    if (page === null || this.grid.names.length === 0) return;
    if (n === this.#n) {
      this.prepare(view);
      return;
    }
    let from = page.from;
    if (index >= n && view === "queue") {
      // Only the server knows the focused film's position: it comes after those before it.
      this.#turn += 1;
      const before = await this.#fetch(this.#turn, view, { from }, index);
      if (before === null) return;
      from = before.next ?? from;
    } else if (index >= n) {
      from += index;
    }
    await this.open(view, { from }, { film: name });
  }

  /** Fetch the neighbours again, once the server is back. */
  refresh() {
    const { page } = this;
    if (page) void this.#ahead(this.#turn, this.view, page, this.grid.names);
  }

  /** @param {View} view */
  #fits(view) {
    const { columns, rows } = this.measure(view);
    return columns * rows;
  }

  /** @param {string} name */
  #listed(name) {
    const { decision } = this.standings.of(name);
    return this.view === "excluded" ? decision === "exclude" : decision !== null;
  }

  /**
   * @param {number} turn
   * @param {View} view
   * @param {Where} where
   * @param {number} n
   * @returns {Promise<Page|null>} null when another page was asked for meanwhile
   */
  async #fetch(turn, view, where, n) {
    for (;;) {
      try {
        const page = await this.pages.get(view, n, where);
        return turn === this.#turn ? page : null;
      } catch (error) {
        if (turn !== this.#turn) return null;
        const detail = error instanceof Refused ? error.message : "";
        this.dispatchEvent(new CustomEvent("waiting", { detail }));
        await new Promise((wake) => setTimeout(wake, RETRY_MS));
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
  async #ahead(turn, view, page, names) {
    const asked = [
      page.next === null ? null : this.pages.get(view, this.#n, { from: page.next }),
      page.previous === null ? null : this.pages.get(view, this.#n, { before: page.from }),
    ];
    const found = await Promise.all(asked.map((one) => one?.catch(() => null) ?? null));
    if (turn !== this.#turn) return;
    this.#held = found.flatMap((one) => one?.films.map(({ name }) => name) ?? []);
    this.pictures.want([...names, ...this.#held]);
    this.dispatchEvent(new Event("ahead"));
  }
}

/**
 * @param {Focus} focus
 * @param {string[]} names
 */
function placeOf(focus, names) {
  if (focus === "first") return 0;
  if (focus === "last") return names.length - 1;
  if ("index" in focus) return focus.index;
  return Math.max(0, names.indexOf(focus.film ?? readFilm() ?? ""));
}
