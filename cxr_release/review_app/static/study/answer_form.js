// What a reader has said of the films of one page, until it is submitted.

import { count } from "../shared/format.js";
import { safeStorage } from "../shared/pending_store.js";
import { letter } from "../shared/rating_scale.js";

/**
 * A page that is not submitted yet, as this browser keeps it.
 * @typedef {object} Draft
 * @property {Record<string, number>} ratings film → 1 … 4, of the films that are rated
 * @property {string} picked film taken for the real one, or empty
 * @property {number} seconds for which the page has been in view
 */

/** @typedef {Omit<Draft, "seconds">} Said */

export class AnswerForm {
  /**
   * @param {import("./api.js").StudyPage} page
   * @param {Draft|null} draft what was said of it before a reload
   */
  constructor(page, draft) {
    this.page = page;
    /** @type {(number|null)[]} one a film */
    this.ratings = page.films.map((film, place) => page.ratings?.[place] ?? draft?.ratings[film] ?? null);
    const drafted = draft ? page.films.indexOf(draft.picked) : -1;
    /** @type {number} place of the film taken for the real one; -1: none is */
    this.picked = page.picked ?? drafted;
  }

  /** Places of the films without a rating. */
  get unrated() {
    return this.ratings.flatMap((rating, place) => (rating === null ? [place] : []));
  }

  get complete() {
    return this.unrated.length === 0 && this.picked >= 0;
  }

  /** Whether it says something else than what is saved. */
  get changed() {
    const { ratings, picked } = this.page;
    return ratings === null || picked !== this.picked || ratings.some((rating, place) => rating !== this.ratings[place]);
  }

  /** What is still to be said, in a sentence; empty: nothing. */
  get missing() {
    const { unrated } = this;
    const parts = [];
    if (unrated.length === this.ratings.length) parts.push(count(unrated.length, "rating"));
    else if (unrated.length > 0) parts.push(`the rating of ${list(unrated.map(letter))}`);
    if (this.picked < 0) parts.push("which film is the real one");
    return parts.length > 0 ? `Still to say: ${parts.join(", and ")}.` : "";
  }

  /**
   * The next film without a rating, from the first again after the last.
   *
   * @param {number} after
   * @returns {number} `after` itself when all are rated
   */
  next(after) {
    const { unrated } = this;
    return unrated.find((place) => place > after) ?? unrated[0] ?? after;
  }

  /** @param {Said} said of this page before */
  restore({ ratings, picked }) {
    this.ratings = this.page.films.map((film) => ratings[film] ?? null);
    this.picked = this.page.films.indexOf(picked);
  }

  /** @returns {Said} */
  said() {
    const { films } = this.page;
    const rated = this.ratings.flatMap((rating, place) => (rating === null ? [] : [[films[place], rating]]));
    return { ratings: Object.fromEntries(rated), picked: films[this.picked] ?? "" };
  }
}

/** @param {string[]} letters */
function list(letters) {
  return letters.length > 1 ? `${letters.slice(0, -1).join(", ")} and ${letters.at(-1)}` : letters.join("");
}

/** Half-filled pages on the reader's own disk, so that no reload and no crash empties them. */
export class Drafts {
  #storage = safeStorage();

  /** @param {string} room of one page and one reader: two may use the same browser */
  constructor(room) {
    this.prefix = `${room}/draft/`;
  }

  /**
   * @param {string} page
   * @returns {Draft|null}
   */
  read(page) {
    try {
      const draft = JSON.parse(this.#storage?.getItem(this.prefix + page) ?? "null");
      return typeof draft?.ratings === "object" && draft.seconds >= 0 ? draft : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} page
   * @param {Draft} draft
   */
  write(page, draft) {
    try {
      this.#storage?.setItem(this.prefix + page, JSON.stringify(draft));
    } catch {
      // full or forbidden: a reload empties the page, and the reader fills it again
    }
  }

  /** @param {string} page */
  remove(page) {
    this.#storage?.removeItem(this.prefix + page);
  }
}
