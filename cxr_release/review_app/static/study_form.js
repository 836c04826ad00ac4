// What a reader has said of the films of one page, until it is submitted.

import { count } from "./words.js";

/** @type {readonly [number, string][]} */
export const SCALE = [
  [1, "unrealistic"],
  [2, "rather unrealistic"],
  [3, "rather realistic"],
  [4, "fully realistic"],
];

/**
 * What the films of a page are called, by place.
 *
 * @param {number} place
 */
export function letter(place) {
  return String.fromCharCode("A".charCodeAt(0) + place);
}

export class Form {
  /**
   * @param {import("./study_api.js").Sheet} sheet
   * @param {import("./study_drafts.js").Draft|null} draft what was said of it before a reload
   */
  constructor(sheet, draft) {
    this.sheet = sheet;
    /** @type {(number|null)[]} one a film */
    this.ratings = sheet.films.map((film, place) => sheet.ratings?.[place] ?? draft?.ratings[film] ?? null);
    const drafted = draft ? sheet.films.indexOf(draft.picked) : -1;
    /** @type {number} place of the film taken for the real one; -1: none is */
    this.picked = sheet.picked ?? drafted;
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
    const { ratings, picked } = this.sheet;
    return ratings === null || picked !== this.picked || ratings.some((one, place) => one !== this.ratings[place]);
  }

  /** What is still to be said, in a sentence; empty: nothing. */
  get missing() {
    const { unrated } = this;
    const parts = [];
    if (unrated.length === this.ratings.length) parts.push(`${count(unrated.length, "rating")}`);
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

  /** @returns {import("./study_drafts.js").Draft} */
  draft() {
    const { films } = this.sheet;
    const rated = this.ratings.flatMap((rating, place) => (rating === null ? [] : [[films[place], rating]]));
    return { ratings: Object.fromEntries(rated), picked: films[this.picked] ?? "", seconds: 0 };
  }
}

/** @param {string[]} letters */
function list(letters) {
  return letters.length > 1 ? `${letters.slice(0, -1).join(", ")} and ${letters.at(-1)}` : letters.join("");
}
