// What the reader study's page asks of the server, and how the answers look.

import { Connection } from "../shared/connection.js";

/**
 * One page of films, and this reader's answer to it. All names are opaque.
 * @typedef {object} StudyPage
 * @property {string} name
 * @property {string[]} films in the order shown
 * @property {string[]} codes of the films, in this study alone
 * @property {boolean} answered
 * @property {number[]|null} ratings one a film; null unless it is answered and may be changed
 * @property {number|null} picked place of the film taken for the real one; null as above
 */

/** @typedef {{reader: string, title: string, going_back: boolean}} Setup */
/** @typedef {{page: string, ratings: Record<string, number>, picked: string, seconds: number}} NewAnswer */
/** @typedef {{page: StudyPage, logged: number}} Answer */

export class StudyApi extends Connection {
  /** @returns {Promise<StudyPage[]>} */
  async pages() {
    return (await this.get("pages")).pages;
  }

  /**
   * @param {NewAnswer[]} answers one at a time
   * @returns {Promise<Answer>}
   */
  send([answer]) {
    return this.post("answers", answer);
  }
}
