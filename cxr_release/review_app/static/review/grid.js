// The page of films: tiles, which of them has the focus, and which are truly on the screen.

import { element, icon, setAttributes } from "../shared/dom.js";
import { dateTime, decisionText, reasonText } from "../shared/format.js";

/** @typedef {import("./decision_state.js").Shown} Shown */

/** A page must have stood still for this long before all its rest can be kept: no slip decides. */
const SETTLE_MS = 300;

/**
 * Events, each with the film's place on the page: "focusfilm", "enlarge", "menu" (with the
 * pointer), "retry"; and "ready" when every film that can be shown is on the screen.
 */
export class Grid extends EventTarget {
  /** @type {string[]} */
  names = [];
  index = 0;
  columns = 1;
  /** @type {(name: string) => boolean} whether a film is shown mirrored */
  isMirrored = () => false;
  /** @type {HTMLElement[]} */
  #tiles = [];
  /** @type {Set<string>} */
  #displayed = new Set();
  /** @type {number|undefined} */
  #settling;

  /**
   * @param {HTMLElement} host
   * @param {import("../shared/image_loader.js").ImageLoader} images
   * @param {import("./decision_state.js").DecisionState} states
   */
  constructor(host, images, states) {
    super();
    this.host = host;
    this.images = images;
    this.states = states;
    images.addEventListener("change", (event) => {
      this.#drawImage(/** @type {CustomEvent} */ (event).detail);
    });
    host.addEventListener("click", (event) => this.#click(event));
    host.addEventListener("dblclick", (event) => this.#emit("enlarge", event));
    host.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.#click(event);
      this.#emit("menu", event);
    });
    host.addEventListener("focusin", (event) => {
      const place = this.placeOf(event.target);
      if (place !== null && place !== this.index) this.focus(place);
    });
  }

  /**
   * @param {import("../shared/layout.js").GridLayout} layout
   * @param {number} caption height of the lines under each film: time and note
   */
  layOut({ columns, rows, side }, caption) {
    this.columns = columns;
    this.host.style.setProperty("--columns", String(columns));
    this.host.style.setProperty("--rows", String(rows));
    this.host.style.setProperty("--side", `${side}px`);
    this.host.style.setProperty("--tall", `${side + caption}px`);
    this.host.style.setProperty("--caption", `${caption}px`);
    this.host.dataset.captions = String(caption > 0);
    this.host.dataset.size = side < 130 ? "small" : "usual";
    this.#arrange();
  }

  /**
   * Show other films. The images that are there already appear with them.
   *
   * @param {string[]} names
   * @param {number} index
   */
  show(names, index) {
    this.names = names;
    this.host.dataset.films = String(names.length);
    this.#displayed.clear();
    this.#tiles = names.map((name) => this.#tile(name));
    this.#arrange();
    this.#unready();
    for (const name of names) {
      this.update(name);
      this.#drawImage(name);
    }
    this.#settle();
    this.focus(index);
  }

  /** The film that has the focus. */
  get name() {
    return this.names[this.index] ?? null;
  }

  /** Whether all films that can be shown have been on the screen long enough. */
  get ready() {
    return this.host.dataset.ready === "true";
  }

  /** @param {string} name */
  isDisplayed(name) {
    return this.#displayed.has(name);
  }

  /** @param {string} name */
  isBroken(name) {
    return this.images.get(name)?.state === "broken";
  }

  /** @param {number} index */
  focus(index) {
    this.#tiles[this.index]?.setAttribute("tabindex", "-1");
    this.index = Math.min(Math.max(0, index), Math.max(0, this.names.length - 1));
    const tile = this.#tiles[this.index];
    if (tile) {
      tile.setAttribute("tabindex", "0");
      tile.focus({ preventScroll: true });
    }
    this.dispatchEvent(new CustomEvent("focusfilm", { detail: { index: this.index } }));
  }

  /**
   * Draw a film's decision anew.
   *
   * @param {string} name
   */
  update(name) {
    const index = this.names.indexOf(name);
    const tile = this.#tiles[index];
    if (!tile) return;
    const shown = this.states.of(name);
    const broken = this.isBroken(name);
    tile.dataset.state = shown.decision ?? "open";
    tile.dataset.saving = String(shown.saving);
    tile.dataset.noted = String(shown.note !== "");
    const mirrored = this.isMirrored(name);
    tile.dataset.mirrored = String(mirrored);
    tile.dataset.image = broken ? "broken" : tile.querySelector("img") ? "shown" : "loading";
    setAttributes(tile, {
      "aria-label":
        `Film ${index + 1} of ${this.names.length}${shown.code && `, code ${shown.code}`}: ${decisionText(shown)}` +
        `${shown.note ? `, note: ${shown.note}` : ""}${broken ? ", cannot be shown" : ""}` +
        (mirrored ? ", faces right, shown mirrored" : ""),
    });
    part(tile, ".tile-code").textContent = shown.code;
    part(tile, ".tile-mark").replaceChildren(...mark(shown));
    part(tile, ".tile-label").textContent = label(shown);
    part(tile, ".tile-note").textContent = shown.note;
    part(tile, ".tile-time").textContent = shown.saving ? "being saved" : dateTime(shown.at) || "open again";
    part(tile, ".tile-error").hidden = !broken;
  }

  /**
   * @param {EventTarget|null} target
   * @returns {number|null}
   */
  placeOf(target) {
    const tile = target instanceof Element ? target.closest(".tile") : null;
    const place = tile ? this.#tiles.indexOf(/** @type {HTMLElement} */ (tile)) : -1;
    return place < 0 ? null : place;
  }

  /** @param {number} index */
  boxOf(index) {
    return this.#tiles[index]?.getBoundingClientRect() ?? null;
  }

  /** @param {string} name */
  #tile(name) {
    return element(
      "div",
      { class: "tile", attributes: { role: "gridcell", tabindex: "-1", "data-film": name } },
      element(
        "div",
        { class: "tile-film" },
        element(
          "div",
          { class: "tile-error", attributes: { hidden: true } },
          element("p", { text: "This film cannot be shown." }),
          element("button", {
            class: "tile-retry",
            text: "Try again",
            attributes: { type: "button", tabindex: "-1" },
          }),
        ),
        element("span", { class: "tile-mark" }),
        element(
          "button",
          {
            class: "tile-enlarge",
            attributes: { type: "button", tabindex: "-1", "aria-label": "Enlarge", title: "Enlarge (space)" },
          },
          icon("enlarge"),
        ),
        element(
          "span",
          { class: "tile-corner" },
          element("span", { class: "tile-code film-code" }),
          element("span", { class: "tile-mirrored", text: "mirrored" }),
        ),
        element("p", { class: "tile-label" }),
      ),
      element(
        "div",
        { class: "tile-caption" },
        element("p", { class: "tile-time" }),
        element("p", { class: "tile-note" }),
      ),
    );
  }

  /** Rows are there for screen readers alone; CSS lays the tiles out. */
  #arrange() {
    const held = this.host.contains(document.activeElement);
    const rows = [];
    for (let start = 0; start < this.#tiles.length; start += this.columns) {
      const tiles = this.#tiles.slice(start, start + this.columns);
      rows.push(element("div", { class: "row", attributes: { role: "row" } }, ...tiles));
    }
    this.host.replaceChildren(...rows);
    if (held) this.#tiles[this.index]?.focus({ preventScroll: true });
  }

  /** @param {string} name */
  #drawImage(name) {
    const tile = this.#tiles[this.names.indexOf(name)];
    const image = this.images.get(name);
    if (!tile) return;
    if (image?.element && !tile.contains(image.element)) {
      part(tile, ".tile-film").prepend(image.element); // out of the tile of an earlier page
      this.update(name);
      // Two frames later the screen has it.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          if (!tile.isConnected) return;
          this.#displayed.add(name);
          this.#settle();
        }),
      );
    } else if (image?.state === "broken") {
      this.update(name);
      this.#settle();
    }
  }

  #settle() {
    if (!this.names.every((name) => this.#displayed.has(name) || this.isBroken(name))) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.host.dataset.ready = "true";
      this.dispatchEvent(new Event("ready"));
    }, SETTLE_MS);
  }

  #unready() {
    clearTimeout(this.#settling);
    this.host.dataset.ready = "false";
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const place = this.placeOf(event.target);
    if (place === null) return;
    this.focus(place);
    const pressed = event.target instanceof Element ? event.target.closest("button") : null;
    if (pressed?.classList.contains("tile-enlarge")) this.#emit("enlarge", event);
    if (pressed?.classList.contains("tile-retry")) {
      this.#unready();
      part(this.#tiles[place], ".tile-error").hidden = true;
      this.dispatchEvent(new CustomEvent("retry", { detail: { index: place } }));
    }
  }

  /**
   * @param {string} kind
   * @param {MouseEvent} event
   */
  #emit(kind, event) {
    const index = this.placeOf(event.target);
    const detail = { index, x: event.clientX, y: event.clientY };
    if (index !== null) this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/**
 * @param {HTMLElement} tile
 * @param {string} selector
 * @returns {HTMLElement}
 */
function part(tile, selector) {
  return /** @type {HTMLElement} */ (tile.querySelector(selector));
}

/** @param {Shown} shown */
function mark(shown) {
  if (shown.decision === null) return shown.saving ? ["…"] : [];
  return [icon(shown.decision === "keep" ? "tick" : "cross")];
}

/** @param {Shown} shown */
function label(shown) {
  if (shown.decision === null) return "";
  return (shown.decision === "keep" ? "kept" : reasonText(shown.reason)) + (shown.note ? " ✎" : "");
}
