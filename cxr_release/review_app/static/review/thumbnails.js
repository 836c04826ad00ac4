// Small pictures of large films for the grid, and the films themselves where one is looked at closely.

import { ImageLoader } from "../shared/image_loader.js";

/**
 * Which small picture is enough for a tile; null: the film itself.
 *
 * @param {readonly number[]} widths that the server gives, rising; none where films are small
 * @param {number} side pixels of the screen on each side of a tile
 * @returns {number|null}
 */
export const widthFor = (widths, side) => widths.find((width) => width >= side) ?? null;

export class Thumbnails {
  /** @type {number|null} */
  #width = null;

  /**
   * @param {import("./api.js").ReviewApi} api
   * @param {readonly number[]} widths
   * @param {ImageLoader} images of the grid, when no film is larger than a small picture
   */
  constructor(api, widths, images) {
    this.widths = widths;
    const large = widths.length > 0;
    /** Of the grid. */
    this.images = large ? new ImageLoader((name, signal) => api.film(name, signal, this.#width)) : images;
    /** The films themselves. */
    this.films = large ? new ImageLoader((name, signal) => api.film(name, signal)) : images;
  }

  /**
   * The tiles have this size from now on: pictures that are too small for it are fetched anew.
   *
   * @param {number} side pixels of the page
   */
  layOut(side) {
    const width = this.widths.length > 0 ? widthFor(this.widths, side * devicePixelRatio) : null;
    if (width === this.#width) return;
    this.#width = width;
    if (this.widths.length > 0) this.images.prefetch([]);
  }

  /**
   * These films are looked at closely, the first of them now.
   *
   * @param {string[]} names
   */
  look(names) {
    if (this.films !== this.images) this.films.prefetch(names);
  }

  /**
   * Whether the best picture of a film that is here is the film itself.
   *
   * @param {string} name
   */
  isWhole(name) {
    return Boolean(this.films.get(name)?.url);
  }

  /**
   * The best picture of a film that is here; empty: none.
   *
   * @param {string} name
   */
  best(name) {
    return this.films.get(name)?.url || this.images.get(name)?.url || "";
  }
}
