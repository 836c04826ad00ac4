// The films of one page, side by side, with what is said of each; one of them is framed.

import { button, element, icon, setAttributes } from "./dom.js";
import { Framing } from "./framing.js";
import { SCALE, letter } from "./study_form.js";
import { arrange } from "./study_layout.js";
import { Viewer } from "./viewer.js";
import { Windowing } from "./windowing.js";

/** In lines of text: between films, and what the buttons of a film take below it or beside it. */
const EMS = { gap: 1, below: { width: 19, height: 3 }, beside: { width: 14.5, height: 15 } };

/**
 * @typedef {object} Card
 * @property {HTMLElement} host
 * @property {Viewer} viewer
 * @property {HTMLButtonElement[]} ratings
 * @property {HTMLButtonElement} pick
 */

/** Events: "ready" when all films of a page are on the screen; "frame" when another one is framed. */
export class Films extends EventTarget {
  /** All films share a window; each has a zoom of its own. */
  windowing = new Windowing();
  /** Whether all films of the page are on the screen. */
  ready = false;
  /** Place of the framed film. */
  current = 0;
  /** Whether the framed film stands alone. */
  large = false;
  /** @type {Card[]} */
  #cards = [];
  /** @type {string[]} */
  #names = [];
  #columns = 1;
  #turn = 0;

  /**
   * @param {HTMLElement} host
   * @param {import("./pictures.js").Pictures} pictures
   * @param {(action: string) => void} act
   */
  constructor(host, pictures, act) {
    super();
    this.host = host;
    this.pictures = pictures;
    this.act = act;
    pictures.addEventListener("change", () => this.#fill());
    new ResizeObserver(() => this.#lay()).observe(host);
  }

  /**
   * Other films, whole, in the usual window, the first one framed.
   *
   * @param {string} page
   * @param {string[]} names
   */
  show(page, names) {
    if (names.length !== this.#cards.length) this.#make(names.length);
    this.#names = names;
    this.#turn += 1;
    this.ready = false;
    this.large = false;
    this.windowing.reset();
    for (const { viewer } of this.#cards) viewer.fit();
    this.host.dataset.page = page;
    this.frame(0);
    this.#lay();
    this.#fill();
  }

  /**
   * @param {import("./study_form.js").Form} form
   * @param {boolean} locked
   */
  draw(form, locked) {
    for (const [place, { host, ratings, pick }] of this.#cards.entries()) {
      const rating = form.ratings[place];
      const picked = form.picked === place;
      host.dataset.picked = String(picked);
      const said = [rating === null ? "not rated" : `rated ${rating}`, ...(picked ? ["taken for the real one"] : [])];
      host.setAttribute("aria-label", `Film ${letter(place)}: ${said.join(", ")}`);
      for (const [index, one] of ratings.entries()) {
        setAttributes(one, { "aria-pressed": String(rating === SCALE[index][0]) });
        one.disabled = locked;
      }
      setAttributes(pick, { "aria-pressed": String(picked) });
      pick.disabled = locked;
    }
  }

  /** Whether a film of the page cannot be shown. */
  get broken() {
    return this.#cards.some(({ host }) => host.dataset.picture === "broken");
  }

  /** @param {number} place */
  frame(place) {
    this.current = place;
    for (const [index, { host }] of this.#cards.entries()) host.dataset.framed = String(index === place);
    // Not from a button that was reached with Tab: the next Tab shall go on from there.
    if (!document.activeElement?.closest("button, dialog")) this.#cards[place]?.host.focus({ preventScroll: true });
    this.dispatchEvent(new Event("frame"));
  }

  /**
   * What a key does here, if anything.
   *
   * @param {string} action
   * @returns {boolean} whether it was one of ours
   */
  does(action) {
    const steps = { left: -1, right: 1, up: -this.#columns, down: this.#columns };
    if (action in steps) {
      const place = this.current + steps[/** @type {keyof typeof steps} */ (action)];
      if (place >= 0 && place < this.#cards.length) this.frame(place);
    } else if (action === "enlarge" || (action === "shrink" && this.large)) {
      this.large = !this.large;
      this.#lay();
    } else if (action === "reset") {
      this.windowing.reset();
      for (const { viewer } of this.#cards) viewer.fit();
    } else return this.#cards[this.current]?.viewer.act(action) ?? false;
    return true;
  }

  /** Window and level, and the framed film's zoom. */
  get readout() {
    const framing = this.#cards[this.current]?.viewer.framing;
    return [...this.windowing.readout.split("\n"), ...(framing ? [framing.readout] : [])].join(" · ");
  }

  /** @param {number} count */
  #make(count) {
    this.#cards = Array.from({ length: count }, (_, place) => this.#card(place));
    this.host.replaceChildren(...this.#cards.map(({ host }) => host));
    this.#lay();
  }

  /**
   * @param {number} place
   * @returns {Card}
   */
  #card(place) {
    const name = letter(place);
    const by = (/** @type {string} */ action) => ({
      click: () => {
        this.frame(place);
        this.act(action);
      },
    });
    // With Tab one goes from film to film: what stands on a film's buttons has keys.
    const quiet = { tabindex: -1 };
    const ratings = SCALE.map(([rating, says]) =>
      button(
        { attributes: { ...quiet, "data-rating": rating, title: says, "aria-label": `Film ${name}: ${rating}, ${says}` }, on: by(`rate-${rating}`) },
        element("b", { text: String(rating) }),
        element("span", { text: says }),
      ),
    );
    const pick = button(
      { class: "pick", attributes: { ...quiet, title: `Film ${name} is the real one`, "aria-label": `Film ${name} is the real one` }, on: by("pick") },
      element("span", { text: "the real one" }),
      element("kbd", { text: name }),
    );
    const stage = element("div", { class: "stage" });
    const viewer = new Viewer(stage, this.windowing, new Framing(), null);
    viewer.framing.addEventListener("change", () => this.dispatchEvent(new Event("frame")));
    stage.append(
      element(
        "div",
        { class: "stage-trouble" },
        element("p", { text: "This film cannot be shown." }),
        button({ text: "Try again", on: { click: () => this.pictures.again(this.#names[place]) } }),
      ),
      button({ class: "enlarge", attributes: { ...quiet, title: "This film alone, large (v, or a double click)", "aria-label": `Film ${name} alone, large` }, on: by("enlarge") }, icon("enlarge")),
    );
    stage.addEventListener("dblclick", () => this.act("enlarge"));
    const host = element(
      "article",
      { class: "film", attributes: { tabindex: 0, role: "group", "data-place": place } },
      stage,
      element("div", { class: "said" }, element("h2", { text: name }), element("div", { class: "ratings" }, ...ratings), pick),
    );
    host.addEventListener("focusin", () => {
      if (this.current !== place) this.frame(place);
    });
    return { host, viewer, ratings, pick };
  }

  /** Take in the pictures that have come. */
  #fill() {
    for (const [place, { host, viewer }] of this.#cards.entries()) {
      const picture = this.pictures.get(this.#names[place]);
      const url = picture?.state === "ready" ? picture.url : "";
      if ((viewer.image.getAttribute("src") ?? "") !== url) {
        viewer.show(url, `Film ${letter(place)}`);
        this.ready = false;
      }
      host.dataset.picture = picture?.state ?? "loading";
    }
    this.host.dataset.ready = String(this.ready);
    if (!this.ready && this.#cards.every(({ viewer }) => viewer.image.hasAttribute("src"))) void this.#appear();
  }

  /** All at once: none before the others, and in places that do not move afterwards. */
  async #appear() {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      await Promise.all(this.#cards.map(({ viewer }) => viewer.image.decode()));
    } catch {
      return; // another picture took its place
    }
    if (turn !== this.#turn) return;
    this.ready = true;
    this.#lay();
    this.host.dataset.ready = "true";
    this.dispatchEvent(new Event("ready"));
  }

  #lay() {
    const { host } = this;
    const { clientWidth: width, clientHeight: height } = host;
    if (this.#cards.length === 0 || width === 0) return;
    const style = getComputedStyle(host);
    const em = Number.parseFloat(style.fontSize);
    const [across, down] = [2 * Number.parseFloat(style.paddingLeft), 2 * Number.parseFloat(style.paddingTop)];
    const pixels = (/** @type {{width: number, height: number}} */ size) => ({ width: em * size.width, height: em * size.height });
    const film = {
      width: Math.max(1, ...this.#cards.map(({ viewer }) => viewer.image.naturalWidth)),
      height: Math.max(1, ...this.#cards.map(({ viewer }) => viewer.image.naturalHeight)),
    };
    const layout = arrange(
      this.large ? 1 : this.#cards.length,
      { width: width - across, height: height - down },
      film,
      { gap: em * EMS.gap, below: pixels(EMS.below), beside: pixels(EMS.beside) },
    );
    this.#columns = this.large ? 1 : layout.columns;
    host.dataset.large = String(this.large);
    host.dataset.beside = String(layout.beside);
    host.style.setProperty("--columns", String(layout.columns));
    host.style.setProperty("--film-width", `${layout.width}px`);
    host.style.setProperty("--film-height", `${layout.height}px`);
    for (const [name, value] of [["gap", EMS.gap], ["below", EMS.below.height], ["beside", EMS.beside.width]]) {
      host.style.setProperty(`--${name}`, `${value}em`);
    }
  }
}
