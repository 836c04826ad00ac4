// What the page of landmarks asks of the server, and how the answers look.

import { WorklistApi } from "../shared/worklist_api.js";

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
/** @typedef {{reviewer: string, title: string, anatomy: string, width: number, height: number, names: string[], skeleton: [string, string][]}} Setup */
/** @typedef {{film: string, decision: "place", points: string} | {film: string, decision: "retract"}} NewPlacement */
/** @typedef {{film: Film, logged: number}} Answer */

export const landmarkApi = () => new WorklistApi("films", "placements");
