// The reader study's rating scale, and what its films are called.

import { definitions } from "./dom.js";

/** @type {readonly [number, string][]} */
export const SCALE = [
  [1, "unrealistic"],
  [2, "rather unrealistic"],
  [3, "rather realistic"],
  [4, "fully realistic"],
];

/** The scale as it is shown to readers. */
export const scaleList = () => definitions("scale", SCALE.map(([rating, text]) => [String(rating), text]), true);

/**
 * What the films of a page are called, by place.
 *
 * @param {number} place
 */
export function letter(place) {
  return String.fromCharCode("A".charCodeAt(0) + place);
}
