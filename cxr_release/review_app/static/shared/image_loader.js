// The films' images, fetched ahead and kept in memory alone: of three pages, no more.

import { Unanswered, pause } from "./connection.js";

/**
 * @typedef {object} FilmImage
 * @property {"loading"|"ready"|"broken"} state
 * @property {string} url object URL, empty unless ready
 * @property {HTMLImageElement|null} element decoded, so that it appears at once where it is put
 * @property {AbortController} stop
 */

/** Fewer than the six connections a browser opens: a decision never waits behind a film. */
const AT_ONCE = 4;
const PAUSE_MS = 1500;

/** Event "change" with the name of the film that is now ready or broken. */
export class ImageLoader extends EventTarget {
  /** @type {Map<string, FilmImage>} */
  #held = new Map();
  /** @type {string[]} */
  #names = [];
  #running = 0;

  /** @param {(name: string, signal: AbortSignal) => Promise<Blob>} load */
  constructor(load) {
    super();
    this.load = load;
  }

  /**
   * Fetch these films in this order, and let go of all others.
   *
   * @param {string[]} names
   */
  prefetch(names) {
    this.#names = [...new Set(names)];
    const kept = new Set(this.#names);
    for (const [name, image] of this.#held) {
      if (!kept.has(name)) this.#drop(name, image);
    }
    this.#fill();
  }

  /**
   * @param {string} name
   * @returns {FilmImage|null}
   */
  get(name) {
    return this.#held.get(name) ?? null;
  }

  /** Whether everything that is wanted has come, or cannot be shown. */
  get complete() {
    return this.#names.every((name) => (this.#held.get(name)?.state ?? "loading") !== "loading");
  }

  /**
   * Try a broken film once more.
   *
   * @param {string} name
   */
  retry(name) {
    const image = this.#held.get(name);
    if (image?.state !== "broken") return;
    this.#drop(name, image);
    this.#fill();
  }

  #fill() {
    for (const name of this.#names) {
      if (this.#running >= AT_ONCE) return;
      if (!this.#held.has(name)) void this.#fetch(name);
    }
  }

  /** @param {string} name */
  async #fetch(name) {
    /** @type {FilmImage} */
    const image = { state: "loading", url: "", element: null, stop: new AbortController() };
    this.#held.set(name, image);
    this.#running += 1;
    try {
      image.url = URL.createObjectURL(await this.load(name, image.stop.signal));
      const made = new Image();
      made.alt = "";
      made.draggable = false;
      made.src = image.url;
      await made.decode();
      image.element = made;
      image.state = "ready";
    } catch (error) {
      if (error instanceof Unanswered) {
        await pause(PAUSE_MS);
        if (this.#held.get(name) === image) this.#drop(name, image); // and so tried again
      } else {
        image.state = "broken";
      }
    }
    this.#running -= 1;
    if (this.#held.get(name) === image) {
      this.dispatchEvent(new CustomEvent("change", { detail: name }));
    } else if (image.url) {
      URL.revokeObjectURL(image.url); // nobody wanted it any more when it came
    }
    this.#fill();
  }

  /**
   * @param {string} name
   * @param {FilmImage} image
   */
  #drop(name, image) {
    image.stop.abort();
    if (image.url) URL.revokeObjectURL(image.url);
    this.#held.delete(name);
  }
}
