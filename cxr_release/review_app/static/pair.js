// A real and a synthetic film, seen alike: side by side, in turn in one place, or subtracted.

import { button, element } from "./dom.js";
import { Framing } from "./framing.js";
import { Viewer } from "./viewer.js";
import { Windowing, between } from "./windowing.js";

/** @typedef {"side"|"flicker"|"difference"} Mode */
/** @typedef {"real"|"synthetic"} Kind */

/** Each film for a quarter of a second: both twice a second, below what may harm. */
const TURN_MS = 250;
/** How much stronger one press of a key makes the difference, and how strong it gets. */
const GAIN_STEP = 1.25;
const MOST_GAIN = 32;
/** A pair must have stood still for this long before it can be judged: no slip judges. */
const SETTLE_MS = 300;

/** @type {readonly Kind[]} */
const KINDS = ["real", "synthetic"];
const LABELS = { real: "Real film", synthetic: "Synthetic film" };
/** @type {Record<string, string>} */
const TURNS = { mirrored: "mirrored", inverted: "inverted", "mirrored-inverted": "mirrored, inverted" };

/** Event "ready" when both films of a pair have stood on the screen for a moment. */
export class PairView extends EventTarget {
  windowing = new Windowing();
  framing = new Framing();
  /** @type {Mode} */
  mode = "side";
  /** Whether both films are on the screen, and have been for a moment. */
  ready = false;
  /** @type {import("./verdicts.js").Pair|null} */
  #pair = null;
  /** @type {Kind} */
  #shown = "real";
  #asMade = false;
  #gain = 1;
  #settled = 0;
  /** @type {number|undefined} */
  #turning;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * @param {HTMLElement} host
   * @param {import("./pictures.js").Pictures} pictures
   */
  constructor(host, pictures) {
    super();
    this.host = host;
    this.pictures = pictures;
    this.readout = element("p", { class: "pair-readout", attributes: { "aria-live": "off" } });
    this.note = button({ class: "pair-note", attributes: { title: "As generated, or turned to match (o)" }, on: { click: () => this.act("as-made") } });
    this.captions = {
      real: element("p", { class: "caption", attributes: { "data-kind": "real" } }, LABELS.real),
      synthetic: element("p", { class: "caption", attributes: { "data-kind": "synthetic" } }, LABELS.synthetic),
    };
    const middle = element("p", { class: "caption-difference", text: "Difference: black where both films are equal" });
    this.films = element("div", { class: "pair-films" });
    /** @type {Record<string, HTMLElement>} */
    this.panes = {};
    /** @type {Record<string, Viewer>} */
    this.viewers = {};
    for (const kind of KINDS) {
      const stage = element("div", { class: "pane", attributes: { "data-kind": kind } });
      this.viewers[kind] = new Viewer(stage, this.windowing, this.framing, null);
      stage.append(
        element(
          "div",
          { class: "pane-trouble" },
          element("p", { text: "This film cannot be shown." }),
          button({ text: "Try again", on: { click: () => this.#pair && pictures.again(this.#pair[kind]) } }),
        ),
      );
      this.panes[kind] = stage;
      this.films.append(stage);
    }
    host.append(
      element("div", { class: "pair-bar" }, this.readout, this.captions.real, middle, this.captions.synthetic, this.note),
      this.films,
    );
    for (const one of [this.windowing, this.framing]) one.addEventListener("change", () => this.#drawReadout());
    pictures.addEventListener("change", () => this.#fill());
    this.#draw();
  }

  /**
   * Another pair, whole, side by side, in the same window.
   *
   * @param {import("./verdicts.js").Pair|null} pair
   */
  show(pair) {
    this.#pair = pair;
    this.#asMade = false;
    this.#gain = 1;
    this.ready = false;
    this.#settled += 1;
    this.framing.fit();
    this.look("side");
    this.#fill();
  }

  /** @param {Mode} mode */
  look(mode) {
    clearInterval(this.#turning);
    this.#turning = undefined;
    this.mode = mode;
    this.#shown = "real";
    if (mode === "flicker" && !this.#still.matches) {
      this.#turning = setInterval(() => this.#other(), TURN_MS);
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
    if (action === "side") this.look("side");
    else if (action === "flicker") this.#flicker();
    else if (action === "difference") this.look(this.mode === "difference" ? "side" : "difference");
    else if (action === "other" && this.mode === "flicker") this.#byHand();
    else if (action === "as-made" && this.turned !== "") {
      this.#asMade = !this.#asMade;
      this.#draw();
    } else if (this.mode === "difference" && (action === "narrower" || action === "wider")) {
      // More contrast is a stronger difference: black stays black.
      this.#amplify(action === "narrower" ? GAIN_STEP : 1 / GAIN_STEP);
    } else {
      if (action === "reset") this.#amplify(0);
      return this.viewers.real.act(action);
    }
    return true;
  }

  /** How the synthetic film is turned to be held against the real one; empty: not at all. */
  get turned() {
    return TURNS[this.#pair?.view ?? "plain"] ?? "";
  }

  /** Whether a film of this pair cannot be shown. */
  get broken() {
    return KINDS.some((kind) => this.panes[kind].dataset.picture === "broken");
  }

  #flicker() {
    // Where nothing shall move by itself, each press shows the other film.
    if (this.mode !== "flicker") this.look("flicker");
    else if (this.#still.matches) this.#other();
    else this.look("side");
  }

  /** @param {number} factor */
  #amplify(factor) {
    this.#gain = between(1, this.#gain * factor, MOST_GAIN);
    this.#draw();
  }

  #byHand() {
    clearInterval(this.#turning);
    this.#turning = undefined;
    this.#other();
  }

  #other() {
    this.#shown = this.#shown === "real" ? "synthetic" : "real";
    this.#draw();
  }

  /** Take in the pictures that have come. */
  #fill() {
    const pair = this.#pair;
    for (const kind of KINDS) {
      const picture = pair && this.pictures.get(pair[kind]);
      const url = picture?.state === "ready" ? picture.url : "";
      const { image } = this.viewers[kind];
      if ((image.getAttribute("src") ?? "") !== url) {
        this.viewers[kind].show(url, LABELS[kind]);
        this.ready = false;
      }
      this.panes[kind].dataset.picture = picture?.state ?? "loading";
    }
    this.#draw();
    if (!this.ready && KINDS.every((kind) => this.viewers[kind].image.hasAttribute("src"))) void this.#settle();
  }

  async #settle() {
    this.#settled += 1;
    const turn = this.#settled;
    try {
      await Promise.all(KINDS.map((kind) => this.viewers[kind].image.decode()));
    } catch {
      return; // another picture took its place
    }
    await new Promise((wake) => setTimeout(wake, SETTLE_MS));
    if (turn !== this.#settled) return;
    this.ready = true;
    this.#draw();
    this.dispatchEvent(new Event("ready"));
  }

  #draw() {
    const { dataset } = this.host;
    dataset.mode = this.mode;
    dataset.shown = this.#shown;
    dataset.pair = this.#pair?.name ?? "";
    dataset.ready = String(this.ready);
    const view = this.#asMade ? "plain" : (this.#pair?.view ?? "plain");
    this.viewers.synthetic.turn({ mirrored: view.includes("mirrored"), inverted: view.includes("inverted") });
    const { turned } = this;
    this.note.hidden = turned === "";
    this.note.replaceChildren(
      this.#asMade ? "as generated" : `${turned} to match`,
      element("kbd", { text: "o" }),
      element("span", { class: "quiet", text: this.#asMade ? `${turned} to match` : "as generated" }),
    );
    this.films.style.filter = this.mode === "difference" && this.#gain > 1 ? `brightness(${this.#gain})` : "";
    for (const kind of KINDS) {
      this.captions[kind].dataset.lit = String(this.mode !== "flicker" || this.#shown === kind);
    }
    this.#drawReadout();
  }

  #drawReadout() {
    const texts = [this.windowing.readout.replaceAll("\n", " "), this.framing.readout];
    if (this.mode === "difference") texts.push(`difference × ${this.#gain.toFixed(1)}`);
    this.readout.textContent = texts.join(" · ");
  }
}
