// One real film: its corners and edges at full size around the whole of it, or any place of it, large.

import { button, element } from "../shared/dom.js";
import { FilmPanes } from "../shared/film_panes.js";
import { isForFingers, keyName } from "../shared/keys.js";
import { Viewport } from "../shared/viewer.js";
import { ViewerTools } from "../shared/viewer_tools.js";

/** @typedef {"around"|"whole"} Mode */

/** A film must have stood still for this long before it can be decided on: no slip decides. */
const SETTLE_MS = 300;

/**
 * Corners and edges, and where on the film each lies: shares of the room that is left beside it.
 * @type {readonly [string, number, number][]}
 */
const PLACES = [
  ["top left", 0, 0],
  ["top", 0.5, 0],
  ["top right", 1, 0],
  ["left", 0, 0.5],
  ["right", 1, 0.5],
  ["bottom left", 0, 1],
  ["bottom", 0.5, 1],
  ["bottom right", 1, 1],
];

/** Why no film is decided on, and what helps. */
export const reducedText = () =>
  `browser's zoom is below 100 %, which hides fine print: set it to 100 %${isForFingers() ? "" : " (Ctrl + 0)"}`;

/** A corner or an edge at full size: a pixel of the film is a pixel of the page. */
class Corner {
  /** Where on the film it is: left, top, width, height in pixels of the film. */
  box = [0, 0, 0, 0];

  /**
   * @param {readonly [string, number, number]} place
   * @param {(corner: Corner) => void} press
   */
  constructor([name, x, y], press) {
    this.x = x;
    this.y = y;
    this.image = element("img", { attributes: { alt: "", draggable: "false" } });
    const title = `${name}: click to enlarge this place`;
    const attributes = { "data-place": name.replace(" ", "-"), title };
    this.host = element("div", { class: "corner", attributes, on: { click: () => press(this) } }, this.image);
  }

  /** @param {string} url empty: none */
  show(url) {
    this.image.hidden = !url;
    if (url) this.image.setAttribute("src", url);
    else this.image.removeAttribute("src");
  }

  get isShown() {
    return this.image.complete && this.image.naturalWidth > 0;
  }

  /** Put the film's corner into this one, on whole pixels: half a pixel off would blur it. */
  arrange() {
    const { naturalWidth, naturalHeight } = this.image;
    const { clientWidth, clientHeight } = this.host;
    // A film that is smaller than its place stands in the middle.
    const left = Math.round((naturalWidth - clientWidth) * (naturalWidth > clientWidth ? this.x : 0.5));
    const top = Math.round((naturalHeight - clientHeight) * (naturalHeight > clientHeight ? this.y : 0.5));
    const { style } = this.image;
    style.left = `${-left}px`;
    style.top = `${-top}px`;
    this.box = [Math.max(0, left), Math.max(0, top), Math.min(clientWidth, naturalWidth), Math.min(clientHeight, naturalHeight)];
  }
}

/** Event "ready" when the film has stood on the screen for a moment; "draw" when it looks otherwise. */
export class FilmView extends FilmPanes {
  viewport = new Viewport();
  /** @type {Mode} */
  mode = "around";
  /** @type {import("./api.js").Film|null} */
  #film = null;

  /**
   * @param {HTMLElement} host
   * @param {import("../shared/image_loader.js").ImageLoader} images
   */
  constructor(host, images) {
    super(host, images, SETTLE_MS);
    this.readout = element("p", { class: "film-readout", attributes: { "aria-live": "off" } });
    this.suspected = element("p", { class: "suspected", text: "text suspected" });
    this.explained = element("p", { class: "film-explained muted" });
    this.toggle = button({ class: "film-toggle", on: { click: () => this.act("enlarge") } });
    const pane = this.makePane("Real film", this.viewport);
    this.panes = [pane];
    this.corners = PLACES.map((place) => new Corner(place, (corner) => this.#enlargeAt(corner)));
    this.seen = element("div", { class: "film-seen" }, ...this.corners.map(() => element("div", { class: "seen-place" })));
    this.marks = element("div", { class: "film-marks" }, this.seen);
    pane.host.append(this.marks);
    pane.viewer.follow(this.seen);
    const [first, last] = [this.corners.slice(0, 4), this.corners.slice(4)].map((corners) => corners.map(({ host }) => host));
    this.stage = element("div", { class: "film-stage" }, ...first, pane.host, ...last);
    this.tools = new ViewerTools(this.windowing, (action) => this.act(action));
    host.append(element("div", { class: "film-bar" }, this.tools.host, this.readout, this.suspected, this.explained, this.toggle), this.stage);
    pane.host.addEventListener("click", (event) => this.#click(event));
    for (const shared of [this.windowing, this.viewport]) shared.addEventListener("change", () => this.#draw());
    pane.viewer.image.addEventListener("load", () => this.#arrange());
    for (const { image } of this.corners) image.addEventListener("load", () => this.#arrange());
    new ResizeObserver(() => this.#arrange()).observe(this.stage);
    // After the viewer's own: what is said of the size must hold for the film as it is drawn then.
    new ResizeObserver(() => this.#draw()).observe(pane.host);
    this.#draw();
  }

  /**
   * Another film: its corners and edges, or all of it where it fits at full size.
   *
   * @param {import("./api.js").Film|null} film
   */
  show(film) {
    this.#film = film;
    this.setFilms([film?.name ?? null]);
    this.mode = "around";
    this.viewport.fit();
    this.fill();
    this.#arrange();
  }

  /** Take in the image, if it has come; the corners show the same one. */
  fill() {
    super.fill();
    const url = this.panes[0]?.viewer.image.getAttribute("src") ?? "";
    for (const corner of this.corners ?? []) {
      if ((corner.image.getAttribute("src") ?? "") !== url) corner.show(url);
    }
  }

  /** Whether all that is to be looked at has been on the screen. */
  get canBeDecided() {
    return this.ready && this.corners.every((corner) => corner.isShown);
  }

  /** Whether the browser's zoom shows fewer pixels than the film has, even at full size. */
  get isReduced() {
    return devicePixelRatio < 1;
  }

  /**
   * What a key does here, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  act(action) {
    if (action === "enlarge") this.#look(this.mode === "whole" ? "around" : "whole");
    else if (action === "close") this.#look("around");
    else if (action === "full-size") this.#fullSize(0, 0);
    else return this.panes[0].viewer.act(action);
    return true;
  }

  get #image() {
    return this.panes[0].viewer.image;
  }

  /** Whether all of the film fits the screen at full size. */
  get isSmall() {
    const { naturalWidth, naturalHeight } = this.#image;
    const { clientWidth, clientHeight } = this.stage;
    return naturalWidth > 0 && naturalWidth <= clientWidth && naturalHeight <= clientHeight;
  }

  /** @param {Mode} mode */
  #look(mode) {
    this.mode = mode;
    this.viewport.fit();
    this.#arrange();
  }

  /**
   * The film at full size, with a point of it in the middle.
   *
   * @param {number} x share of the width, from the middle
   * @param {number} y
   */
  #fullSize(x, y) {
    this.mode = "whole";
    this.#arrange();
    const { naturalWidth, naturalHeight } = this.#image;
    if (naturalWidth === 0) return;
    const { width, height } = this.panes[0].host.getBoundingClientRect();
    const scale = Math.min(width / naturalWidth, height / naturalHeight) * devicePixelRatio;
    this.viewport.fit();
    this.viewport.zoomTo(1 / scale);
    this.viewport.pan(-x * this.viewport.zoom, -y * this.viewport.zoom);
  }

  /** @param {Corner} corner */
  #enlargeAt({ box: [left, top, width, height] }) {
    const { naturalWidth, naturalHeight } = this.#image;
    if (naturalWidth === 0) return;
    this.#fullSize((left + width / 2) / naturalWidth - 0.5, (top + height / 2) / naturalHeight - 0.5);
  }

  /** A click on the small whole film: that place at full size. @param {MouseEvent} event */
  #click(event) {
    if (this.stage.dataset.mode !== "around" || this.viewport.zoom > 1) return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    const film = this.#image.getBoundingClientRect();
    if (film.width === 0) return;
    this.#fullSize((event.clientX - film.left) / film.width - 0.5, (event.clientY - film.top) / film.height - 0.5);
  }

  #arrange() {
    this.stage.dataset.mode = this.isSmall ? "whole" : this.mode;
    for (const corner of this.corners) corner.arrange();
    const { naturalWidth, naturalHeight } = this.#image;
    for (const [place, { box }] of this.corners.entries()) {
      const { style } = /** @type {HTMLElement} */ (this.seen.children[place]);
      const [left, top, width, height] = box;
      style.left = `${(100 * left) / naturalWidth}%`;
      style.top = `${(100 * top) / naturalHeight}%`;
      style.width = `${(100 * width) / naturalWidth}%`;
      style.height = `${(100 * height) / naturalHeight}%`;
    }
    this.#draw();
  }

  #draw() {
    const { dataset } = this.host;
    dataset.film = this.#film?.name ?? "";
    dataset.mode = this.stage.dataset.mode ?? this.mode;
    for (const { host } of this.corners) host.style.filter = this.windowing.filter;
    this.suspected.hidden = !this.#film?.suspected;
    const small = this.isSmall;
    const around = dataset.mode === "around";
    this.toggle.hidden = small || this.#film === null;
    this.toggle.replaceChildren(
      element("span", { text: around ? "Enlarge" : "Corners and edges" }),
      element("kbd", { text: keyName("enlarge") }),
    );
    this.explained.dataset.reduced = String(this.isReduced);
    this.explained.textContent = this.isReduced
      ? `The ${reducedText()}`
      : small
      ? "The whole film, at full size or larger"
      : around
        ? "Around: corners and edges at full size. In the middle: the whole film, reduced; outlined is what the others show"
        : `The whole film: ${isForFingers() ? "two fingers zoom and move it" : "the wheel zooms, a drag moves"}`;
    const { naturalWidth, naturalHeight } = this.#image;
    const { viewer } = this.panes[0];
    const size = viewer.readout ? [`${naturalWidth} × ${naturalHeight} pixels`, `${around ? "middle " : ""}${viewer.readout}`] : [];
    this.tools.show(viewer.isFullSize);
    this.readout.textContent = [this.windowing.readout.replaceAll("\n", " "), ...size].join(" · ");
  }
}
