// One picture, large: zoom, pan, window and level. Knows nothing of what is decided on it.

import { element } from "./dom.js";
import { Windowing, between } from "./windowing.js";

const ZOOM_STEP = 1.25;
const MOST_ZOOM = 16;
const PAN_STEP = 60;
/** Zoom of one pixel of the wheel; a notch of a mouse is about 100. */
const WHEEL_ZOOM = 0.0016;
const LINE_PIXELS = 16;
const RIGHT_BUTTON = 2;

/**
 * Wheel zooms about the pointer, drag pans, drag with the right button changes window (sideways)
 * and level (up is brighter), double click fits the picture again. Several viewers may share one
 * `Windowing`, for pictures that must be judged alike.
 */
export class Viewer {
  /**
   * @param {HTMLElement} host takes the picture; made focusable by its owner
   * @param {Windowing} [windowing]
   */
  constructor(host, windowing = new Windowing()) {
    this.host = host;
    this.windowing = windowing;
    this.image = element("img", { class: "viewer-film", attributes: { alt: "", draggable: "false" } });
    this.readout = element("p", { class: "viewer-readout", attributes: { "aria-live": "off" } });
    host.classList.add("viewer");
    host.append(this.image, this.readout);
    this.image.addEventListener("load", () => this.#draw());
    windowing.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(host);
    host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    host.addEventListener("pointerdown", (event) => this.#press(event));
    host.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      host.addEventListener(end, () => {
        this.#dragging = null;
      });
    }
    host.addEventListener("contextmenu", (event) => event.preventDefault());
    host.addEventListener("dblclick", () => this.fit());
  }

  zoom = 1;
  /** Where the picture's middle lies, in pixels from the middle of the host. */
  #x = 0;
  #y = 0;
  /** @type {{x: number, y: number, windows: boolean}|null} */
  #dragging = null;

  /**
   * Show another picture at the same zoom, place and window.
   *
   * @param {string} url empty: none
   * @param {string} label what a screen reader says
   */
  show(url, label) {
    if (url) this.image.setAttribute("src", url);
    else this.image.removeAttribute("src");
    this.image.hidden = !url;
    this.image.alt = label;
    this.#draw();
  }

  /** The whole picture, in the middle. */
  fit() {
    this.zoom = 1;
    this.#x = 0;
    this.#y = 0;
    this.#draw();
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
    } else if (action === "zoom-in") this.#zoomBy(ZOOM_STEP, 0, 0);
    else if (action === "zoom-out") this.#zoomBy(1 / ZOOM_STEP, 0, 0);
    else if (action === "pan-left") this.#pan(PAN_STEP, 0);
    else if (action === "pan-right") this.#pan(-PAN_STEP, 0);
    else if (action === "pan-up") this.#pan(0, PAN_STEP);
    else if (action === "pan-down") this.#pan(0, -PAN_STEP);
    else return false;
    return true;
  }

  /**
   * @param {number} factor
   * @param {number} x the point that stays where it is, from the middle of the host
   * @param {number} y
   */
  #zoomBy(factor, x, y) {
    const zoom = between(1, this.zoom * factor, MOST_ZOOM);
    const change = zoom / this.zoom;
    this.zoom = zoom;
    this.#x = x - (x - this.#x) * change;
    this.#y = y - (y - this.#y) * change;
    this.#draw();
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #pan(x, y) {
    this.#x += x;
    this.#y += y;
    this.#draw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const box = this.host.getBoundingClientRect();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
    this.#zoomBy(
      Math.exp(-pixels * WHEEL_ZOOM),
      event.clientX - box.left - box.width / 2,
      event.clientY - box.top - box.height / 2,
    );
  }

  /** @param {PointerEvent} event */
  #press(event) {
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
    const { clientWidth, clientHeight } = this.host;
    const { naturalWidth, naturalHeight } = this.image;
    this.readout.textContent = `${this.windowing.readout}\nzoom ${Math.round(100 * this.zoom)} %`;
    this.host.dataset.zoomed = String(this.zoom > 1);
    if (naturalWidth === 0 || clientWidth === 0) return;
    const scale = this.zoom * Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
    const width = naturalWidth * scale;
    const height = naturalHeight * scale;
    // No further than its own edge may reach the middle: the film cannot be lost.
    const slackX = Math.max(0, width - clientWidth / this.zoom) / 2;
    const slackY = Math.max(0, height - clientHeight / this.zoom) / 2;
    this.#x = between(-slackX, this.#x, slackX);
    this.#y = between(-slackY, this.#y, slackY);
    const { style } = this.image;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.left = `${(clientWidth - width) / 2 + this.#x}px`;
    style.top = `${(clientHeight - height) / 2 + this.#y}px`;
    style.filter = this.windowing.filter;
  }
}
