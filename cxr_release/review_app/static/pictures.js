// The films' pictures, fetched ahead and kept in memory alone: of three pages, no more.

import { Unanswered } from "./connection.js";

/**
 * @typedef {object} Picture
 * @property {"loading"|"ready"|"broken"} state
 * @property {string} url object URL, empty unless ready
 * @property {HTMLImageElement|null} image decoded, so that it appears at once where it is put
 * @property {AbortController} stop
 */

/** Fewer than the six connections a browser opens: a decision never waits behind a film. */
const AT_ONCE = 4;
const PAUSE_MS = 1500;

/** Event "change" with the name of the film that is now ready or broken. */
export class Pictures extends EventTarget {
  /** @type {Map<string, Picture>} */
  #held = new Map();
  /** @type {string[]} */
  #wanted = [];
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
  want(names) {
    this.#wanted = [...new Set(names)];
    const kept = new Set(this.#wanted);
    for (const [name, picture] of this.#held) {
      if (!kept.has(name)) this.#drop(name, picture);
    }
    this.#fill();
  }

  /**
   * @param {string} name
   * @returns {Picture|null}
   */
  get(name) {
    return this.#held.get(name) ?? null;
  }

  /** Whether everything that is wanted has come, or cannot be shown. */
  get complete() {
    return this.#wanted.every((name) => (this.#held.get(name)?.state ?? "loading") !== "loading");
  }

  /**
   * Try a broken film once more.
   *
   * @param {string} name
   */
  again(name) {
    const picture = this.#held.get(name);
    if (picture?.state !== "broken") return;
    this.#drop(name, picture);
    this.#fill();
  }

  #fill() {
    for (const name of this.#wanted) {
      if (this.#running >= AT_ONCE) return;
      if (!this.#held.has(name)) void this.#fetch(name);
    }
  }

  /** @param {string} name */
  async #fetch(name) {
    /** @type {Picture} */
    const picture = { state: "loading", url: "", image: null, stop: new AbortController() };
    this.#held.set(name, picture);
    this.#running += 1;
    try {
      const blob = await this.load(name, picture.stop.signal);
      picture.url = URL.createObjectURL(blob);
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.src = picture.url;
      await image.decode();
      picture.image = image;
      picture.state = "ready";
    } catch (error) {
      if (error instanceof Unanswered) {
        await new Promise((wake) => setTimeout(wake, PAUSE_MS));
        if (this.#held.get(name) === picture) this.#drop(name, picture); // and so tried again
      } else {
        picture.state = "broken";
      }
    }
    this.#running -= 1;
    if (this.#held.get(name) === picture) {
      this.dispatchEvent(new CustomEvent("change", { detail: name }));
    } else if (picture.url) {
      URL.revokeObjectURL(picture.url); // nobody wanted it any more when it came
    }
    this.#fill();
  }

  /**
   * @param {string} name
   * @param {Picture} picture
   */
  #drop(name, picture) {
    picture.stop.abort();
    if (picture.url) URL.revokeObjectURL(picture.url);
    this.#held.delete(name);
  }
}
