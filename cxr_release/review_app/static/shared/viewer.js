// One film, large: zoom, pan, window and level. Knows nothing of what is decided on it.

import { element } from "./dom.js";
import { followFingers } from "./touch.js";
import { Windowing, between } from "./windowing.js";

const MOST_ZOOM = 16;
const ZOOM_STEP = 1.25;
const PAN_STEP = 60;
/** Zoom of one pixel of the wheel; a notch of a mouse is about 100. */
const WHEEL_ZOOM = 0.0016;
const LINE_PIXELS = 16;
const RIGHT_BUTTON = 2;

/**
 * Which part of a film is seen, and how large. Lengths are in widths and heights of the whole film
 * as it fits its place, so that one instance may serve several films in places of any size, which
 * then always show the same part.
 */
export class Viewport extends EventTarget {
  zoom = 1;
  /** Where the film's middle lies, from the middle of its place. */
  x = 0;
  y = 0;

  /** The whole film, in the middle. */
  fit() {
    this.#set(1, 0, 0);
  }

  /**
   * @param {number} factor
   * @param {number} [x] the point that stays where it is, from the middle of the place
   * @param {number} [y]
   */
  zoomBy(factor, x = 0, y = 0) {
    // Beyond these only at its true size, which may be smaller or larger.
    this.zoomTo(between(Math.min(1, this.zoom), this.zoom * factor, Math.max(MOST_ZOOM, this.zoom)), x, y);
  }

  /**
   * @param {number} zoom
   * @param {number} [x] the point that stays where it is, from the middle of the place
   * @param {number} [y]
   */
  zoomTo(zoom, x = 0, y = 0) {
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

/**
 * How the film itself is shown, whatever the viewport.
 *
 * @typedef {object} Orientation
 * @property {boolean} mirrored
 * @property {boolean} inverted black for white
 * @property {Placement|null} [placement] how it is moved within its frame; null or undefined: not at all
 */

/**
 * @typedef {object} Placement
 * @property {(width: number, height: number) => string} transform CSS, of a film of this size in pixels
 * @property {string} clip CSS shape of what is seen of the film
 */

/**
 * Wheel zooms about the pointer, drag pans, drag with the right button changes window (sideways)
 * and level (up is brighter), double click fits the film again. Several viewers may share one
 * `Windowing` and one `Viewport`, for films that must be judged alike.
 */
export class Viewer {
  /** @type {Orientation} */
  #orientation = { mirrored: false, inverted: false };
  /** @type {HTMLElement[]} */
  #followers = [];
  /** @type {{x: number, y: number, windows: boolean}|null} */
  #dragging = null;
  #whole = true;

  /**
   * @param {HTMLElement} host takes the film; made focusable by its owner
   * @param {Windowing} [windowing]
   * @param {Viewport} [viewport]
   * @param {HTMLElement|null} [caption] where window, level and size stand; null: nowhere
   */
  constructor(host, windowing = new Windowing(), viewport = new Viewport(), caption = overlay(host)) {
    this.host = host;
    this.windowing = windowing;
    this.viewport = viewport;
    this.caption = caption;
    this.image = element("img", { class: "viewer-film", attributes: { alt: "", draggable: "false" } });
    host.classList.add("viewer");
    host.prepend(this.image);
    windowing.films.add(this.image);
    this.image.addEventListener("load", () => {
      windowing.refit();
      this.#draw();
    });
    windowing.addEventListener("change", () => this.#draw());
    viewport.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(host);
    host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    host.addEventListener("pointerdown", (event) => this.#press(event));
    host.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      host.addEventListener(end, () => {
        this.#dragging = null;
      });
    }
    followFingers(this);
    host.addEventListener("contextmenu", (event) => event.preventDefault());
    host.addEventListener("dblclick", () => this.fit());
  }

  /**
   * Show another film at the same zoom, place and window.
   *
   * @param {string} url empty: none
   * @param {string} label what a screen reader says
   * @param {boolean} [whole] whether this is the film, and not a small picture of it
   */
  show(url, label, whole = true) {
    this.#whole = whole;
    if (url) this.image.setAttribute("src", url);
    else this.image.removeAttribute("src");
    this.image.hidden = !url;
    for (const follower of this.#followers) follower.hidden = !url;
    this.image.alt = label;
    this.#draw();
  }

  /**
   * Show the film left for right, black for white or moved, before anything else is done to it.
   *
   * @param {Orientation} orientation
   */
  orient(orientation) {
    this.#orientation = orientation;
    this.#draw();
  }

  /**
   * Keep an element where the film's frame is: what marks places on it. Its parent must have the
   * place and the size of this viewer's.
   *
   * @param {HTMLElement} follower positioned absolutely
   */
  follow(follower) {
    follower.hidden = this.image.hidden;
    this.#followers.push(follower);
    this.#draw();
  }

  /** The whole film, in the middle. */
  fit() {
    this.viewport.fit();
  }

  /** A pixel of the film is a pixel of the screen; what is in the middle stays there. */
  fullSize() {
    const { magnification } = this;
    if (magnification !== null) this.viewport.zoomTo(this.viewport.zoom / magnification);
  }

  /** Pixels of the screen for one of the film, along a side; null without the film itself. */
  get magnification() {
    const sizes = this.#sizes();
    if (sizes === null || !this.#whole) return null;
    return (sizes.fitWidth / this.image.naturalWidth) * this.viewport.zoom * devicePixelRatio;
  }

  /** Whether a pixel of the film is a pixel of the screen. */
  get isFullSize() {
    return isFull(this.magnification);
  }

  /** How large the film is shown, for a person: "1:1" or "× 14"; empty without a film. */
  get readout() {
    return magnificationText(this.magnification);
  }

  /**
   * What a key does here, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  act(action) {
    if (this.windowing.act(action)) return true;
    if (action === "reset") {
      this.windowing.reset();
      this.fit();
    } else if (action === "full-size") this.fullSize();
    else if (action === "zoom-in") this.viewport.zoomBy(ZOOM_STEP);
    else if (action === "zoom-out") this.viewport.zoomBy(1 / ZOOM_STEP);
    else if (action === "pan-left") this.#pan(PAN_STEP, 0);
    else if (action === "pan-right") this.#pan(-PAN_STEP, 0);
    else if (action === "pan-up") this.#pan(0, PAN_STEP);
    else if (action === "pan-down") this.#pan(0, -PAN_STEP);
    else return false;
    return true;
  }

  /**
   * Zoom about a place of the window.
   *
   * @param {number} factor
   * @param {number} x pixels from the window's left edge
   * @param {number} y pixels from its top
   */
  zoomAt(factor, x, y) {
    const sizes = this.#sizes();
    if (sizes === null) return;
    const across = (x - sizes.left - sizes.width / 2) / sizes.fitWidth;
    const down = (y - sizes.top - sizes.height / 2) / sizes.fitHeight;
    this.viewport.zoomBy(factor, across, down);
  }

  /**
   * Move the film within its place.
   *
   * @param {number} x pixels to the right
   * @param {number} y pixels down
   */
  moveBy(x, y) {
    this.#pan(x, y);
  }

  /** Pixels of the place, and of the whole film as it fits there; null without a film. */
  #sizes() {
    // Not clientWidth, which is rounded, and not alike for two places of the same width.
    const { left, top, width, height } = this.host.getBoundingClientRect();
    const { naturalWidth, naturalHeight } = this.image;
    if (naturalWidth === 0 || width === 0) return null;
    const scale = Math.min(width / naturalWidth, height / naturalHeight);
    return { left, top, width, height, fitWidth: naturalWidth * scale, fitHeight: naturalHeight * scale };
  }

  /**
   * @param {number} x pixels
   * @param {number} y
   */
  #pan(x, y) {
    const sizes = this.#sizes();
    if (sizes) this.viewport.pan(x / sizes.fitWidth, y / sizes.fitHeight);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
    this.zoomAt(Math.exp(-pixels * WHEEL_ZOOM), event.clientX, event.clientY);
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.pointerType === "touch") return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    this.host.setPointerCapture(event.pointerId);
    this.#dragging = {
      x: event.clientX,
      y: event.clientY,
      windows: event.button === RIGHT_BUTTON,
    };
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (this.#dragging === null) return;
    const x = event.clientX - this.#dragging.x;
    const y = event.clientY - this.#dragging.y;
    this.#dragging = { ...this.#dragging, x: event.clientX, y: event.clientY };
    if (this.#dragging.windows) this.windowing.move(x / 2, y / 2);
    else this.#pan(x, y);
  }

  #draw() {
    const { viewport, windowing } = this;
    if (this.caption) this.caption.textContent = `${windowing.readout}\n${this.readout}`;
    this.host.dataset.zoomed = String(viewport.zoom > 1);
    const sizes = this.#sizes();
    if (sizes === null) return;
    const { fitWidth, fitHeight } = sizes;
    const width = fitWidth * viewport.zoom;
    const height = fitHeight * viewport.zoom;
    // No further than its own edge may reach the middle: the film cannot be lost.
    viewport.hold(
      Math.max(0, width - sizes.width / viewport.zoom) / 2 / fitWidth,
      Math.max(0, height - sizes.height / viewport.zoom) / 2 / fitHeight,
    );
    // At its true size on whole pixels of the screen: half a pixel off would blur it.
    const onPixels = this.isFullSize ? onScreenPixels : (/** @type {number} */ place) => place;
    const left = onPixels((sizes.width - width) / 2 + viewport.x * fitWidth, sizes.left);
    const top = onPixels((sizes.height - height) / 2 + viewport.y * fitHeight, sizes.top);
    for (const { style } of [this.image, ...this.#followers]) {
      style.width = `${width}px`;
      style.height = `${height}px`;
      style.left = `${left}px`;
      style.top = `${top}px`;
    }
    const { mirrored, inverted, placement } = this.#orientation;
    const transforms = [placement?.transform(width, height) ?? "none", mirrored ? "scaleX(-1)" : "none"];
    const { style } = this.image;
    style.transform = transforms.filter((transform) => transform !== "none").join(" ") || "none";
    style.clipPath = placement?.clip ?? "none";
    const filters = [inverted ? "invert(1)" : "none", windowing.filter];
    style.filter = filters.filter((filter) => filter !== "none").join(" ") || "none";
  }
}

/**
 * The nearest place that lies on a pixel of the screen.
 *
 * @param {number} place pixels of the page, from `start`
 * @param {number} start pixels of the page, from the window's edge
 */
function onScreenPixels(place, start) {
  return Math.round((start + place) * devicePixelRatio) / devicePixelRatio - start;
}

/** @param {number|null} magnification pixels of the screen for one of the film */
function isFull(magnification) {
  return magnification !== null && Math.abs(magnification - 1) < 1e-4;
}

/** @param {number|null} magnification pixels of the screen for one of the film; null: there is none */
export function magnificationText(magnification) {
  if (magnification === null) return "";
  if (isFull(magnification)) return "1:1";
  if (magnification >= 10) return `× ${Math.round(magnification)}`;
  const rounded = Number(magnification.toPrecision(2)); // without an exponent
  return `× ${rounded === 1 ? magnification.toFixed(2) : rounded}`; // what is not 1:1 does not look so
}

/** @param {HTMLElement} host */
function overlay(host) {
  const made = element("p", { class: "viewer-readout", attributes: { "aria-live": "off" } });
  host.append(made);
  return made;
}
