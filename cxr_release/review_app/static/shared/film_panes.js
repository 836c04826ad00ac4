// Films that appear together, each in a viewer of its own: a pair, or the films of a study's page.

import { pause } from "./connection.js";
import { button, element } from "./dom.js";
import { Viewer } from "./viewer.js";
import { Windowing } from "./windowing.js";

/** One film: its viewer, and what stands there when it cannot be shown. */
class FilmPane {
  /** @type {string|null} */
  name = null;

  /**
   * @param {import("./image_loader.js").ImageLoader} images
   * @param {string} label
   * @param {Windowing} windowing
   * @param {import("./viewer.js").Viewport} viewport
   */
  constructor(images, label, windowing, viewport) {
    this.images = images;
    this.label = label;
    this.host = element("div", { class: "film-pane" });
    this.viewer = new Viewer(this.host, windowing, viewport, null);
    const retry = () => this.name !== null && images.retry(this.name);
    this.host.append(
      element(
        "div",
        { class: "film-error" },
        element("p", { text: "This film cannot be shown." }),
        button({ text: "Try again", on: { click: retry } }),
      ),
    );
  }

  /** Take in the image, if it has come. Returns whether another one is shown now, or none. */
  fill() {
    const image = this.name === null ? null : this.images.get(this.name);
    const url = image?.state === "ready" ? image.url : "";
    this.host.dataset.image = image?.state ?? "loading";
    if ((this.viewer.image.getAttribute("src") ?? "") === url) return false;
    this.viewer.show(url, this.label);
    return true;
  }

  get isBroken() {
    return this.host.dataset.image === "broken";
  }
}

/** Event "ready" when all films are on the screen. All of them share a window. */
export class FilmPanes extends EventTarget {
  windowing = new Windowing();
  /** Whether all films are on the screen, and have been for long enough. */
  ready = false;
  /** @type {FilmPane[]} */
  panes = [];
  #turn = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./image_loader.js").ImageLoader} images
   * @param {number} settleMs how long films must have stood still before they are ready
   */
  constructor(host, images, settleMs) {
    super();
    this.host = host;
    this.images = images;
    this.settleMs = settleMs;
    images.addEventListener("change", () => this.fill());
  }

  /**
   * @param {string} label
   * @param {import("./viewer.js").Viewport} viewport
   */
  makePane(label, viewport) {
    return new FilmPane(this.images, label, this.windowing, viewport);
  }

  /**
   * Other films; they appear once `fill` finds all their images.
   *
   * @param {(string|null)[]} names
   */
  setFilms(names) {
    for (const [place, pane] of this.panes.entries()) pane.name = names[place];
    this.ready = false;
    this.#turn += 1;
  }

  /** Take in the images that have come. */
  fill() {
    if (this.panes.filter((pane) => pane.fill()).length > 0) this.ready = false;
    this.host.dataset.ready = String(this.ready);
    const complete = this.panes.length > 0 && this.panes.every(({ viewer }) => viewer.image.hasAttribute("src"));
    if (!this.ready && complete) void this.#settle();
  }

  /** Whether a film cannot be shown. */
  get broken() {
    return this.panes.some((pane) => pane.isBroken);
  }

  /** Called when all images are decoded, just before they count as shown. */
  beforeReady() {}

  async #settle() {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      await Promise.all(this.panes.map(({ viewer }) => viewer.image.decode()));
    } catch {
      return; // another image took its place
    }
    if (this.settleMs > 0) await pause(this.settleMs);
    if (turn !== this.#turn) return;
    this.ready = true;
    this.beforeReady();
    this.host.dataset.ready = "true";
    this.dispatchEvent(new Event("ready"));
  }
}
