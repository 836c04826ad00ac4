// One film, large, and the points on it: a ring around each, so that the bone under it stays visible.

import { element, setAttributes, svg } from "../shared/dom.js";
import { FilmPanes } from "../shared/film_panes.js";
import { Viewport } from "../shared/viewer.js";
import { ViewerTools } from "../shared/viewer_tools.js";

/** A film must have stood still for this long before it can be saved: no slip saves. */
const SETTLE_MS = 300;
const ZOOM_STEP = 1.25;
/** Pixels of the screen that an arrow moves a point, and with Shift. */
const STEPS = { fine: 1, coarse: 10 };

/** Event "draw" when another point is selected. */
export class PointView extends FilmPanes {
  viewport = new Viewport();
  /** @type {import("./places.js").Places|null} */
  places = null;
  selected = 0;
  /**
   * Called to move points: whoever keeps the history does.
   *
   * @type {(same: string, how: (places: import("./places.js").Places) => void) => void}
   */
  change = () => {};
  #dragging = false;
  #drags = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("../shared/image_loader.js").ImageLoader} images
   * @param {import("./api.js").Setup} setup
   */
  constructor(host, images, setup) {
    super(host, images, SETTLE_MS);
    this.setup = setup;
    const pane = this.makePane("Synthetic film", this.viewport);
    this.panes = [pane];
    const places = new Map(setup.names.map((name, index) => [name, index]));
    this.edges = setup.skeleton.map(([from, to]) => ({
      ends: [places.get(from) ?? 0, places.get(to) ?? 0],
      line: svg("line", { "vector-effect": "non-scaling-stroke" }),
    }));
    const viewBox = `0 0 ${setup.width} ${setup.height}`;
    this.outlines = svg("svg", { viewBox, preserveAspectRatio: "none", class: "outlines" }, ...this.edges.map(({ line }) => line));
    this.dots = setup.names.map((name, index) => this.#dot(name, index));
    this.levels = [...new Set(setup.names.map(levelOf))].map((level) => ({
      level,
      label: element("span", { class: "level", text: level }),
      corners: setup.names.flatMap((name, index) => (levelOf(name) === level ? [index] : [])),
    }));
    this.caption = element("span", { class: "point-caption" });
    this.layer = element(
      "div",
      { class: "point-layer" },
      this.outlines,
      ...this.levels.map(({ label }) => label),
      ...this.dots,
      this.caption,
    );
    this.readout = element("p", { class: "film-readout", attributes: { "aria-live": "off" } });
    pane.host.append(element("div", { class: "point-frame" }, this.layer));
    pane.viewer.follow(this.layer);
    this.tools = new ViewerTools(this.windowing, (action) => this.act(action));
    host.append(element("div", { class: "film-bar" }, this.tools.host, this.readout), pane.host);
    for (const shared of [this.windowing, this.viewport]) shared.addEventListener("change", () => this.draw());
    pane.viewer.image.addEventListener("load", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(pane.host);
  }

  /**
   * @param {string} name
   * @param {number} index
   */
  #dot(name, index) {
    const dot = element("div", { class: "dot", attributes: { "data-point": name, title: name } });
    dot.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation(); // the film stays where it is
      dot.setPointerCapture(event.pointerId);
      this.#dragging = true;
      this.#drags += 1;
      this.select(index);
    });
    dot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (!this.#dragging || !dot.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const film = this.panes[0].viewer.image.getBoundingClientRect();
      if (film.width === 0 || this.places === null) return;
      const { width, height } = this.setup;
      const x = ((event.clientX - film.left) / film.width) * width;
      const y = ((event.clientY - film.top) / film.height) * height;
      this.#put(`drag ${this.#drags}`, index, x, y);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      dot.addEventListener(end, () => {
        this.#dragging = false;
      });
    }
    dot.addEventListener("dblclick", (/** @type {Event} */ event) => event.stopPropagation());
    return dot;
  }

  /**
   * Another film, with its points.
   *
   * @param {string|null} name
   * @param {import("./places.js").Places|null} places
   */
  show(name, places) {
    this.host.dataset.film = name ?? "";
    this.places = places;
    this.selected = 0;
    this.setFilms([name]);
    this.viewport.fit();
    this.fill();
    this.draw();
  }

  /** @param {number} index */
  select(index) {
    this.selected = (index + this.setup.names.length) % this.setup.names.length;
    this.draw();
    this.dispatchEvent(new Event("draw"));
  }

  /**
   * What a key does here, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  act(action) {
    const move = /^(fine|coarse)-(left|right|up|down)$/.exec(action);
    if (move) this.#step(STEPS[/** @type {"fine"|"coarse"} */ (move[1])], move[2]);
    else if (action === "right" || action === "down") this.select(this.selected + 1);
    else if (action === "left" || action === "up") this.select(this.selected - 1);
    else if (action === "zoom-in" || action === "zoom-out") this.#zoom(action === "zoom-in" ? ZOOM_STEP : 1 / ZOOM_STEP);
    else return this.panes[0].viewer.act(action);
    return true;
  }

  /** Pixels of the screen for one of the film, across and down; null without a film. */
  get #scale() {
    const { width, height } = this.panes[0].viewer.image.getBoundingClientRect();
    return width > 0 ? { x: width / this.setup.width, y: height / this.setup.height } : null;
  }

  /**
   * @param {number} pixels
   * @param {string} side
   */
  #step(pixels, side) {
    const scale = this.#scale;
    const place = this.places?.points[this.selected];
    if (scale === null || !place) return;
    const across = { left: -1, right: 1 }[side] ?? 0;
    const down = { up: -1, down: 1 }[side] ?? 0;
    this.#put(`keys ${this.selected}`, this.selected, place.x + (across * pixels) / scale.x, place.y + (down * pixels) / scale.y);
  }

  /** Zoom about the point that is selected. @param {number} factor */
  #zoom(factor) {
    const place = this.places?.points[this.selected];
    if (!place) return;
    const { zoom, x, y } = this.viewport;
    const across = x + (place.x / this.setup.width - 0.5) * zoom;
    const down = y + (place.y / this.setup.height - 0.5) * zoom;
    this.viewport.zoomBy(factor, across, down);
  }

  /**
   * @param {string} same moves in a row that are called alike are undone as one
   * @param {number} index
   * @param {number} x
   * @param {number} y
   */
  #put(same, index, x, y) {
    this.change(same, (places) => places.put(index, x, y));
  }

  draw() {
    const { places, selected } = this;
    const { width, height, names } = this.setup;
    this.layer.dataset.empty = String(places === null);
    if (places === null) return;
    const at = (/** @type {number} */ index) => places.points[index];
    for (const { ends, line } of this.edges) {
      const [from, to] = ends.map(at);
      line.style.display = from.seen && to.seen ? "" : "none";
      setAttributes(line, { x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    }
    for (const [index, dot] of this.dots.entries()) {
      const { x, y, seen } = at(index);
      put(dot, x / width, y / height);
      dot.dataset.seen = String(seen);
      dot.dataset.selected = String(index === selected);
    }
    for (const { label, corners } of this.levels) {
      const front = corners.filter((index) => names[index].endsWith("left"));
      const known = front.map(at).filter(({ seen }) => seen);
      label.hidden = known.length === 0;
      if (known.length === 0) continue;
      const middle = known.reduce((sum, { y }) => sum + y, 0) / known.length;
      put(label, Math.min(...known.map(({ x }) => x)) / width, middle / height);
    }
    const chosen = at(selected);
    put(this.caption, chosen.x / width, chosen.y / height);
    this.caption.textContent = `${names[selected]}${chosen.seen ? "" : ": not visible"}`;
    this.caption.dataset.side = names[selected].endsWith("left") ? "left" : "right";
    const { viewer } = this.panes[0];
    const size = viewer.readout ? [viewer.readout, `${width} × ${height} pixels`] : [];
    this.tools.show(viewer.isFullSize);
    this.readout.textContent = [this.windowing.readout.replaceAll("\n", " "), ...size].join(" · ");
  }
}

/** @param {string} name of a point */
function levelOf(name) {
  return name.split(" ")[0];
}

/**
 * @param {HTMLElement} target
 * @param {number} x share of the width
 * @param {number} y
 */
function put({ style }, x, y) {
  style.left = `${100 * x}%`;
  style.top = `${100 * y}%`;
}
