// Which part of a picture is seen, and how large.

import { between } from "./windowing.js";

const MOST_ZOOM = 16;

/**
 * Lengths are in widths and heights of the whole picture as it fits its place, so that one instance
 * may serve several pictures in places of any size, which then always show the same part.
 */
export class Framing extends EventTarget {
  zoom = 1;
  /** Where the picture's middle lies, from the middle of its place. */
  x = 0;
  y = 0;

  /** The whole picture, in the middle. */
  fit() {
    this.#set(1, 0, 0);
  }

  /**
   * @param {number} factor
   * @param {number} [x] the point that stays where it is, from the middle of the place
   * @param {number} [y]
   */
  zoomBy(factor, x = 0, y = 0) {
    const zoom = between(1, this.zoom * factor, MOST_ZOOM);
    const change = zoom / this.zoom;
    this.#set(zoom, x - (x - this.x) * change, y - (y - this.y) * change);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  pan(x, y) {
    this.#set(this.zoom, this.x + x, this.y + y);
  }

  /**
   * No further from the middle than this.
   *
   * @param {number} x
   * @param {number} y
   */
  hold(x, y) {
    const [heldX, heldY] = [between(-x, this.x, x), between(-y, this.y, y)];
    if (heldX !== this.x || heldY !== this.y) this.#set(this.zoom, heldX, heldY);
  }

  get readout() {
    return `zoom ${Math.round(100 * this.zoom)} %`;
  }

  /**
   * @param {number} zoom
   * @param {number} x
   * @param {number} y
   */
  #set(zoom, x, y) {
    this.zoom = zoom;
    this.x = x;
    this.y = y;
    this.dispatchEvent(new Event("change"));
  }
}
