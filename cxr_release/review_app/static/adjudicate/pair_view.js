// A real and a synthetic film, aligned and seen alike: side by side, in turn in one place, or
// subtracted. The synthetic film is turned into its view; the real one is moved onto it.

import { button, element } from "../shared/dom.js";
import { FilmPanes } from "../shared/film_panes.js";
import { keyName } from "../shared/keys.js";
import { Viewport, magnificationText } from "../shared/viewer.js";
import { ViewerTools } from "../shared/viewer_tools.js";
import { between } from "../shared/windowing.js";
import { PairMarks } from "./pair_marks.js";
import { Pose } from "./pose.js";

/** @typedef {"side"|"flicker"|"difference"} Mode */
/** @type {readonly Mode[]} */
const MODES = ["side", "flicker", "difference"];
/** @typedef {"real"|"synthetic"} Kind */

/** Each film for a quarter of a second: both twice a second, below what may harm. */
const FLICKER_MS = 250;
/** How much stronger a press of a key makes the difference, and how strong it gets. */
const GAIN_STEP = 1.25;
const MOST_GAIN = 32;
/** A pair must have stood still for this long before it can be judged: no slip judges. */
const SETTLE_MS = 300;

/** @type {readonly Kind[]} */
const KINDS = ["real", "synthetic"];
const LABELS = { real: "Real film", synthetic: "Synthetic film" };
/** @type {Record<string, string>} */
const ORIENTATIONS = { mirrored: "mirrored", inverted: "inverted", "mirrored-inverted": "mirrored, inverted" };

const PLAIN = new Pose({ turn: 0, scale: 1, right: 0, down: 0 });

/** Event "ready" when both films of a pair have stood on the screen for a moment. */
export class PairView extends FilmPanes {
  viewport = new Viewport();
  /** @type {Mode} */
  mode = "side";
  /** @type {import("./api.js").Pair|null} */
  #pair = null;
  #pose = PLAIN;
  /** @type {Kind} */
  #shown = "real";
  #asGenerated = false;
  #gain = 1;
  /** @type {number|undefined} */
  #flickering;
  #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * @param {HTMLElement} host
   * @param {import("../shared/image_loader.js").ImageLoader} images
   */
  constructor(host, images) {
    super(host, images, SETTLE_MS);
    const key = keyName("as-generated");
    const tooltip = `Both films as they are, or aligned to match (${key})`;
    this.readout = element("p", { class: "pair-readout", attributes: { "aria-live": "off" } });
    this.note = button({ class: "pair-note", attributes: { title: tooltip }, on: { click: () => this.act("as-generated") } });
    this.captions = KINDS.map((kind) => element("p", { class: "caption", text: LABELS[kind], attributes: { "data-kind": kind } }));
    this.middle = element("p", { class: "caption-difference" });
    this.details = KINDS.map((kind) => element("p", { class: "detail", attributes: { "data-kind": kind } }));
    this.panes = KINDS.map((kind) => this.makePane(LABELS[kind], this.viewport));
    for (const [place, pane] of this.panes.entries()) pane.host.dataset.kind = KINDS[place];
    this.films = element("div", { class: "pair-films" }, ...this.panes.map((pane) => pane.host));
    this.marks = new PairMarks(this.panes.map(({ viewer }) => viewer));
    this.tools = new ViewerTools(this.windowing, (action) => this.act(action));
    host.append(
      element("div", { class: "pair-bar" }, this.readout, this.captions[0], this.middle, this.captions[1], this.note),
      element("div", { class: "pair-details" }, ...this.details),
      element("div", { class: "pair-stage" }, this.films, this.marks.host),
    );
    for (const shared of [this.windowing, this.viewport]) shared.addEventListener("change", () => this.#drawReadout());
    for (const { viewer } of this.panes) viewer.image.addEventListener("load", () => this.#drawReadout());
    new ResizeObserver(() => this.#drawReadout()).observe(this.films);
    this.#draw();
  }

  /**
   * Another pair, whole, side by side, in the same window.
   *
   * @param {import("./api.js").Pair|null} pair
   */
  show(pair) {
    this.#pair = pair;
    this.#pose = pair === null ? PLAIN : new Pose(pair.pose);
    this.#asGenerated = false;
    this.#gain = 1;
    this.setFilms(KINDS.map((kind) => pair?.[kind] ?? null));
    this.viewport.fit();
    this.look("side");
    this.fill();
  }

  /** @param {Mode} mode */
  look(mode) {
    this.#stopFlickering();
    this.mode = mode;
    this.#shown = "real";
    if (mode === "flicker" && !this.#reducedMotion.matches) {
      this.#flickering = setInterval(() => this.#showOther(), FLICKER_MS);
    }
    this.#draw();
  }

  /**
   * What a key does here, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  act(action) {
    if (isMode(action)) this.look(action);
    else if (action === "view" || action === "view-back") {
      this.look(MODES[(MODES.indexOf(this.mode) + (action === "view" ? 1 : MODES.length - 1)) % MODES.length]);
    } else if (action === "other" && this.mode === "flicker") {
      this.#stopFlickering();
      this.#showOther();
    } else if (action === "as-generated" && this.#alignment !== "") {
      this.#asGenerated = !this.#asGenerated;
      this.#draw();
    } else if (this.mode === "difference" && (action === "narrower" || action === "wider")) {
      // More contrast is a stronger difference: black stays black.
      this.#amplify(action === "narrower" ? GAIN_STEP : 1 / GAIN_STEP);
    } else {
      if (action === "reset") this.#amplify(0);
      // Of the synthetic film, which is never moved.
      if (action === "full-size") return this.panes[1].viewer.act(action);
      return this.panes[0].viewer.act(action);
    }
    return true;
  }

  /** How the films are held against each other; empty: as they are. */
  get #alignment() {
    const view = ORIENTATIONS[this.#pair?.view ?? "plain"] ?? "";
    return [view, this.#pose.moves ? "aligned" : ""].filter(Boolean).join(", ");
  }

  /** @param {number} factor */
  #amplify(factor) {
    this.#gain = between(1, this.#gain * factor, MOST_GAIN);
    this.#draw();
  }

  #stopFlickering() {
    clearInterval(this.#flickering);
  }

  #showOther() {
    this.#shown = this.#shown === "real" ? "synthetic" : "real";
    this.#draw();
  }

  #draw() {
    const { dataset } = this.host;
    dataset.mode = this.mode;
    dataset.shown = this.#shown;
    dataset.pair = this.#pair?.name ?? "";
    this.tools.showCode(this.#pair?.code ?? "");
    dataset.ready = String(this.ready);
    const view = this.#asGenerated ? "plain" : (this.#pair?.view ?? "plain");
    const pose = this.#asGenerated || !this.#pose.moves ? null : this.#pose;
    this.panes[0].viewer.orient({ mirrored: false, inverted: false, placement: pose });
    this.panes[1].viewer.orient({ mirrored: view.includes("mirrored"), inverted: view.includes("inverted") });
    this.marks.draw(pose, pose !== null || view.includes("mirrored"), this.#asGenerated ? "whole" : (this.#pair?.part ?? "whole"));
    this.#drawDetails(pose);
    const texts = [`${this.#alignment} to match`, "as generated"];
    if (this.#asGenerated) texts.reverse();
    this.note.hidden = this.#alignment === "";
    this.note.replaceChildren(
      texts[0],
      element("kbd", { text: keyName("as-generated") }),
      element("span", { class: "muted", text: texts[1] }),
    );
    this.films.style.filter = this.mode === "difference" && this.#gain > 1 ? `brightness(${this.#gain})` : "";
    for (const [place, kind] of KINDS.entries()) {
      this.captions[place].dataset.lit = String(this.mode !== "flicker" || this.#shown === kind);
    }
    this.#drawReadout();
  }

  /** @param {Pose|null} pose in which the real film is shown; null: unmoved */
  #drawDetails(pose) {
    const hatched = pose?.showsOutside ?? false;
    const unmoved = this.#pose.moves ? "real film as it is, not moved to match" : "";
    const part = this.#pair?.part ?? "whole";
    const compared = part === "whole" || this.#asGenerated ? "" : `compared: ${part} half (outlined)`;
    const legend = hatched && this.mode !== "difference" ? "hatched: beyond the real film" : "";
    const texts = [
      pose === null ? unmoved : `real film ${pose.text}`,
      [compared, legend].filter(Boolean).join("; "),
    ];
    for (const [place, text] of texts.entries()) {
      this.details[place].textContent = text;
      this.details[place].title = text;
    }
    this.middle.textContent = `Difference: black where both films are equal${hatched ? ", hatched beyond the real film" : ""}`;
  }

  /** How large both films are shown, as they are held against each other. */
  get #sizes() {
    const [real, synthetic] = this.panes.map(({ viewer }) => viewer.magnification);
    if (real === null || synthetic === null) return "";
    const scale = this.#asGenerated || !this.#pose.moves ? 1 : this.#pose.scale;
    const [first, second] = [real / scale, synthetic].map(magnificationText);
    return first === second ? first : `real ${first}, synthetic ${second}`;
  }

  #drawReadout() {
    const texts = [this.windowing.readout.replaceAll("\n", " "), this.#sizes].filter(Boolean);
    this.tools.show(this.panes[1].viewer.isFullSize);
    if (this.mode === "difference") texts.push(`difference × ${this.#gain.toFixed(1)}`);
    this.readout.textContent = texts.join(" · ");
  }
}

/**
 * @param {string} action
 * @returns {action is Mode}
 */
function isMode(action) {
  return MODES.some((mode) => mode === action);
}
