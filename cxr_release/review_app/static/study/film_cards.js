// The films of one page, side by side, with what is said of each; one of them is framed.

import { button, element, icon, setAttributes } from "../shared/dom.js";
import { FilmPanes } from "../shared/film_panes.js";
import { keyName } from "../shared/keys.js";
import { cardLayout } from "../shared/layout.js";
import { SCALE, letter } from "../shared/rating_scale.js";
import { Viewport } from "../shared/viewer.js";

/**
 * @typedef {object} Card
 * @property {HTMLElement} host
 * @property {HTMLButtonElement[]} ratings
 * @property {HTMLButtonElement} pick
 * @property {HTMLElement} code
 */

/** Events: "ready" when all films of a page are on the screen; "frame" when another one is framed. */
export class FilmCards extends FilmPanes {
  /** Place of the framed film. */
  current = 0;
  /** Whether the framed film stands alone. */
  enlarged = false;
  /** @type {Card[]} */
  #cards = [];
  #columns = 1;

  /**
   * @param {HTMLElement} host
   * @param {import("../shared/image_loader.js").ImageLoader} images
   * @param {(action: string) => void} act
   */
  constructor(host, images, act) {
    super(host, images, 0);
    this.act = act;
    new ResizeObserver(() => this.#layOut()).observe(host);
  }

  /**
   * Other films, whole, in the usual window, the first one framed.
   *
   * @param {string} page
   * @param {string[]} names
   * @param {string[]} codes
   */
  show(page, names, codes) {
    if (names.length !== this.#cards.length) {
      this.panes = names.map((_, place) => this.makePane(`Film ${letter(place)}`, new Viewport()));
      this.#cards = names.map((_, place) => this.#card(place));
      this.host.replaceChildren(...this.#cards.map(({ host }) => host));
    }
    this.setFilms(names);
    for (const [place, { code }] of this.#cards.entries()) code.textContent = codes[place] ?? "";
    this.enlarged = false;
    this.#reset();
    this.host.dataset.page = page;
    this.frame(0);
    this.#layOut();
    this.fill();
  }

  /**
   * @param {import("./answer_form.js").AnswerForm} form
   * @param {boolean} locked
   */
  draw(form, locked) {
    for (const [place, { host, ratings, pick }] of this.#cards.entries()) {
      const rating = form.ratings[place];
      const picked = form.picked === place;
      host.dataset.picked = String(picked);
      const rated = rating === null ? "not rated" : `rated ${rating}`;
      host.setAttribute("aria-label", `Film ${letter(place)}: ${rated}${picked ? ", taken for the real one" : ""}`);
      for (const [index, pressed] of ratings.entries()) {
        setAttributes(pressed, { "aria-pressed": String(rating === SCALE[index][0]), disabled: locked });
      }
      setAttributes(pick, { "aria-pressed": String(picked), disabled: locked });
    }
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
  perform(action) {
    const steps = { left: -1, right: 1, up: -this.#columns, down: this.#columns };
    if (action in steps) {
      const place = this.current + steps[/** @type {keyof typeof steps} */ (action)];
      if (place >= 0 && place < this.#cards.length) this.frame(place);
    } else if (action === "enlarge" || action === "close") {
      this.enlarged = action === "enlarge" && !this.enlarged;
      this.#layOut();
    } else if (action === "reset") this.#reset();
    else return this.panes[this.current]?.viewer.act(action) ?? false;
    return true;
  }

  /** Window and level, and the framed film's zoom. */
  get readout() {
    const size = this.panes[this.current]?.viewer.readout ?? "";
    return [...this.windowing.readout.split("\n"), size].filter(Boolean).join(" · ");
  }

  beforeReady() {
    this.#layOut(); // in places that do not move afterwards
  }

  #reset() {
    this.windowing.reset();
    for (const { viewer } of this.panes) viewer.fit();
  }

  /**
   * @param {number} place
   * @returns {Card}
   */
  #card(place) {
    const name = letter(place);
    const { host: pane, viewer } = this.panes[place];
    // With Tab one goes from film to film: what stands on a film's buttons has keys.
    const control = (action, label, title, parts, ...children) =>
      button(
        {
          ...parts,
          attributes: { tabindex: -1, title, "aria-label": label, ...parts.attributes },
          on: {
            click: () => {
              this.frame(place);
              this.act(action);
            },
          },
        },
        ...children,
      );
    const ratings = SCALE.map(([rating, text]) =>
      control(
        `choice-${rating}`,
        `Film ${name}: ${rating}, ${text}`,
        text,
        { attributes: { "data-rating": rating } },
        element("b", { text: String(rating) }),
        element("span", { text }),
      ),
    );
    const real = `Film ${name} is the real one`;
    const key = keyName(`pick-${place + 1}`) || keyName("pick");
    const pick = control("pick", real, real, { class: "pick" }, element("span", { text: "the real one" }), element("kbd", { text: key.toUpperCase() }));
    const alone = `This film alone, large (${keyName("enlarge")}, or a double click)`;
    const code = element("span", { class: "film-code" });
    pane.append(code, control("enlarge", `Film ${name} alone, large`, alone, { class: "enlarge" }, icon("enlarge")));
    pane.addEventListener("dblclick", () => this.act("enlarge"));
    viewer.viewport.addEventListener("change", () => this.dispatchEvent(new Event("frame")));
    const host = element(
      "article",
      { class: "film", attributes: { tabindex: 0, role: "group", "data-place": place } },
      pane,
      element("div", { class: "film-controls" }, element("h2", { text: name }), element("div", { class: "ratings" }, ...ratings), pick),
    );
    host.addEventListener("focusin", () => {
      if (this.current !== place) this.frame(place);
    });
    return { host, ratings, pick, code };
  }

  #layOut() {
    const { host } = this;
    const { clientWidth: width, clientHeight: height } = host;
    if (this.#cards.length === 0 || width === 0) return;
    const style = getComputedStyle(host);
    const em = Number.parseFloat(style.fontSize);
    const ems = (/** @type {string} */ name) => Number.parseFloat(style.getPropertyValue(`--${name}`));
    const pixels = (/** @type {string} */ name) => ({ width: em * ems(`${name}-width`), height: em * ems(`${name}-height`) });
    const images = this.panes.map(({ viewer }) => viewer.image);
    const layout = cardLayout(
      this.enlarged ? 1 : this.#cards.length,
      { width: width - 2 * Number.parseFloat(style.paddingLeft), height: height - 2 * Number.parseFloat(style.paddingTop) },
      {
        width: Math.max(1, ...images.map(({ naturalWidth }) => naturalWidth)),
        height: Math.max(1, ...images.map(({ naturalHeight }) => naturalHeight)),
      },
      { gap: em * ems("gap-ems"), below: pixels("below"), beside: pixels("beside") },
    );
    this.#columns = layout.columns;
    host.dataset.enlarged = String(this.enlarged);
    host.dataset.beside = String(layout.beside);
    const lengths = {
      columns: layout.columns,
      "film-width": `${layout.width}px`,
      "film-height": `${layout.height}px`,
      gap: `${ems("gap-ems")}em`,
      below: `${ems("below-height")}em`,
      beside: `${ems("beside-width")}em`,
    };
    for (const [name, value] of Object.entries(lengths)) host.style.setProperty(`--${name}`, String(value));
    this.dispatchEvent(new Event("frame")); // films of another size
  }
}
