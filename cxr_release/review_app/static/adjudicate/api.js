// What the adjudication page asks of the server, and how the answers look.

import { WorklistApi } from "../shared/worklist_api.js";

/** @typedef {"copy"|"not-a-copy"|"unsure"} Verdict */

/**
 * A pair, and this reviewer's verdict on it. All names are opaque.
 * @typedef {object} Pair
 * @property {string} name
 * @property {string} code by which people tell each other which pair they mean
 * @property {string} real name of the real film
 * @property {string} synthetic name of the synthetic film
 * @property {"plain"|"mirrored"|"inverted"|"mirrored-inverted"} view how it is held against the real one
 * @property {"whole"|"left"|"right"|"top"|"bottom"} part what of the synthetic film, in that view, was compared
 * @property {PoseNumbers} pose
 * @property {Verdict|null} verdict
 * @property {string} note
 * @property {string|null} at
 */

/**
 * Where the synthetic film, in its view, lies on the real one; see pose.js.
 * @typedef {object} PoseNumbers
 * @property {number} turn degrees
 * @property {number} scale of lengths on the real film over lengths on the synthetic one
 * @property {number} right of the width, by which its middle lies right of the real one's
 * @property {number} down of the height, by which it lies below
 */

/**
 * What the whole list can be expected to hold; nothing of a single pair.
 * @typedef {object} Expectation
 * @property {string} summary
 * @property {string[]} texts
 * @property {[string, string][]} kinds kinds of planted copies, and how many of them it would hold
 */

/** @typedef {{done: number, left: number, awaited: number|null}} Progress */
/** @typedef {{reviewer: string, title: string, anatomy: string, adjudicates: boolean, expectation: Expectation, criteria: [string, string][]}} Setup */
/** @typedef {{pair: string, verdict: Verdict|"retract", note: string}} NewVerdict */
/** @typedef {{pair: Pair, logged: number}} Answer */

/** @type {Record<Verdict, string>} */
export const VERDICT_TEXTS = { copy: "copy", unsure: "unsure", "not-a-copy": "not a copy" };

/** In the order of their keys: a slip of one key is not the opposite. */
export const VERDICTS = /** @type {Verdict[]} */ (Object.keys(VERDICT_TEXTS));

export const adjudicateApi = () => new WorklistApi("pairs", "verdicts");
