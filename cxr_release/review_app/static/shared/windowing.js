// Window and level: which grey values of a film the screen spreads from black to white.

import { setAttributes, svg } from "./dom.js";

const WHITE = 255;
/** How far one press of a key, or one pixel of the mouse, moves window and level. */
const KEY_STEP = 8;
const FEWEST_GREYS = 1;
const MOST_GREYS = 2 * WHITE;

/**
 * shown = (grey − (level − window ÷ 2)) ÷ window, held between black and white: exactly linear,
 * by an SVG filter on the encoded grey values, so that no pixel is read back into the page.
 * One instance may serve several films, which then always share a window.
 */
export class Windowing extends EventTarget {
  static #count = 0;
  #id;
  #functions;
  window = WHITE;
  level = WHITE / 2;
  inverted = false;

  constructor() {
    super();
    Windowing.#count += 1;
    this.#id = `windowing-${Windowing.#count}`;
    this.#functions = ["R", "G", "B"].map((letter) => svg(`feFunc${letter}`, { type: "linear" }));
    const filter = svg(
      "filter",
      { id: this.#id, x: "0", y: "0", width: "1", height: "1", "color-interpolation-filters": "sRGB" },
      svg("feComponentTransfer", {}, ...this.#functions),
    );
    document.body.append(svg("svg", { class: "filters", "aria-hidden": "true" }, filter));
    this.reset();
  }

  reset() {
    this.window = WHITE;
    this.level = WHITE / 2;
    this.inverted = false;
    this.#changed();
  }

  invert() {
    this.inverted = !this.inverted;
    this.#changed();
  }

  /**
   * @param {number} wider change of the window, in grey values
   * @param {number} darker change of the level, in grey values
   */
  move(wider, darker) {
    this.window = between(FEWEST_GREYS, this.window + wider, MOST_GREYS);
    this.level = between(0, this.level + darker, WHITE);
    this.#changed();
  }

  /**
   * What a key of the viewer does to the window, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  act(action) {
    if (action === "narrower") this.move(-KEY_STEP, 0);
    else if (action === "wider") this.move(KEY_STEP, 0);
    else if (action === "brighter") this.move(0, -KEY_STEP);
    else if (action === "darker") this.move(0, KEY_STEP);
    else if (action === "invert") this.invert();
    else return false;
    return true;
  }

  /** The value of the CSS property `filter`. */
  get filter() {
    const plain = this.window === WHITE && this.level === WHITE / 2 && !this.inverted;
    return plain ? "none" : `url("#${this.#id}")`;
  }

  /** For the reviewer: window, level, and whether the display is inverted. */
  get readout() {
    return `W ${short(this.window)}\nL ${short(this.level)}${this.inverted ? "\ninverted" : ""}`;
  }

  #changed() {
    const sign = this.inverted ? -1 : 1;
    const slope = (sign * WHITE) / this.window;
    const intercept = 0.5 - (sign * this.level) / this.window;
    for (const channel of this.#functions) setAttributes(channel, { slope, intercept });
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {number} low
 * @param {number} value
 * @param {number} high
 */
export function between(low, value, high) {
  return Math.min(Math.max(low, value), high);
}

/** @param {number} value */
function short(value) {
  return String(Math.round(value * 10) / 10);
}
