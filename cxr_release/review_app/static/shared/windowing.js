// Window and level: which grey values of a film the screen spreads from black to white.

import { setAttributes, svg } from "./dom.js";
import { greyRange } from "./grey_range.js";

const WHITE = 255;
/** How far one press of a key, or one pixel of the mouse, moves window and level. */
const KEY_STEP = 8;
const FEWEST_GREYS = 1;
const MOST_GREYS = 2 * WHITE;

/**
 * A window with a name, in per cent of black to white; null: as wide as the films' grey values.
 * @typedef {{name: string, window: number|null, level: number|null}} Preset
 */

/**
 * shown = (grey − (level − window ÷ 2)) ÷ window, held between black and white: exactly linear,
 * by an SVG filter on the encoded grey values, so that no pixel is read back into the page.
 * One instance may serve several films, which then always share a window.
 */
export class Windowing extends EventTarget {
  static #count = 0;
  /** @type {readonly Preset[]} those of the page, from its setup; the first is how films are stored */
  static presets = [];
  /** @type {Set<HTMLImageElement>} of the films that are shown in this window */
  films = new Set();
  /** Place of the named window that is shown; -1: it was set by hand. */
  preset = 0;
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
    this.preset = 0;
    this.#changed();
  }

  /**
   * Show a window by its name.
   *
   * @param {number} place among `presets`
   */
  use(place) {
    const preset = Windowing.presets[place];
    if (preset === undefined) return;
    this.preset = place;
    if (preset.window === null || preset.level === null) {
      this.refit();
    } else {
      this.window = (preset.window / 100) * WHITE;
      this.level = (preset.level / 100) * WHITE;
      this.#changed();
    }
  }

  /** Other films are shown: a window that follows them follows these. */
  refit() {
    if (Windowing.presets[this.preset]?.window !== null) return;
    const [low, high] = greyRange(this.films) ?? [0, WHITE];
    this.window = between(FEWEST_GREYS, high - low, WHITE);
    this.level = (low + high) / 2;
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
    this.preset = -1;
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
    else if (action === "preset" && Windowing.presets.length > 1) this.use((this.preset + 1) % Windowing.presets.length);
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

/** What the windows of the page are, for the help; empty: there are none. */
export function windowsText() {
  const texts = Windowing.presets.map(({ name, window, level }) =>
    window === null ? `${name}: from the darkest to the lightest grey value of the films shown` : `${name}: ${window}, ${level}`,
  );
  return texts.length > 0 ? `Windows by name, window and level in per cent of black to white: ${texts.join("; ")}.` : "";
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
