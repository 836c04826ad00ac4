// What the page of landmarks asks of the server, and how the answers look.

import { Connection } from "../shared/connection.js";

/**
 * A synthetic film, where its points begin, and where this reader placed them. The name is opaque.
 * @typedef {object} Film
 * @property {string} name
 * @property {string} code by which people tell each other which film they mean
 * @property {"model"|"template"} start
 * @property {string} first points as they begin; see places.js
 * @property {"place"|null} decision
 * @property {string|null} points as the reader placed them
 * @property {string|null} at
 */

/** @typedef {{done: number, left: number}} Progress */
/** @typedef {{reviewer: string, title: string, width: number, height: number, names: string[], skeleton: [string, string][]}} Setup */
/** @typedef {{film: string, decision: "place", points: string} | {film: string, decision: "retract"}} NewPlacement */
/** @typedef {{film: Film, logged: number}} Answer */

export class LandmarkApi extends Connection {
  /** @returns {Promise<Film[]>} */
  async films() {
    return (await this.get("films")).films;
  }

  /**
   * @param {NewPlacement[]} placements one at a time
   * @returns {Promise<Answer>}
   */
  send([placement]) {
    return this.post("placements", placement);
  }
}
