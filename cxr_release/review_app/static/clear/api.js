// What the page of text on real films asks of the server, and how the answers look.

import { WorklistApi } from "../shared/worklist_api.js";

/** @typedef {"clear"|"text"} Decision */

/**
 * A real film, and this reviewer's decision on it. The name is opaque.
 * @typedef {object} Film
 * @property {string} name
 * @property {string} code by which people tell each other which film they mean
 * @property {boolean} suspected whether a program suspects text on it
 * @property {Decision|null} decision
 * @property {string|null} at
 */

/** @typedef {{done: number, left: number, text: number}} Progress */
/** @typedef {{reviewer: string, title: string, searched: boolean}} Setup */
/** @typedef {{film: string, decision: Decision|"retract"}} NewDecision */
/** @typedef {{film: Film, logged: number}} Answer */

/** @type {Record<Decision, string>} */
export const DECISION_TEXTS = { text: "text or a mark", clear: "nothing that identifies" };

/** In the order of their keys: what takes a film out comes first. */
export const DECISIONS = /** @type {Decision[]} */ (Object.keys(DECISION_TEXTS));

export const clearApi = () => new WorklistApi("films", "decisions");
