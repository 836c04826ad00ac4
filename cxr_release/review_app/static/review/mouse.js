// What the mouse adds on the screening page: the reasons at the pointer, and a larger film beside it.

import { button, element } from "../shared/dom.js";
import { reasonText } from "../shared/format.js";
import { keyName } from "../shared/keys.js";

const MARGIN = 8;
const REST_MS = 400;
const LARGER = 2.4;
const GAP = 10;
const LEAST = 320;

/** The reasons at the pointer, for those who screen with the mouse. */
export class ReasonMenu {
  /** @type {HTMLElement|null} */
  #menu = null;

  /**
   * @param {{code: string, meaning: string}[]} reasons
   * @param {(place: number) => void} choose
   */
  constructor(reasons, choose) {
    this.reasons = reasons;
    this.choose = choose;
    document.addEventListener("pointerdown", (event) => {
      if (!(event.target instanceof Node && this.#menu?.contains(event.target))) this.close();
    });
  }

  get isOpen() {
    return this.#menu !== null;
  }

  /**
   * @param {number} x where in the window
   * @param {number} y
   */
  open(x, y) {
    this.close();
    const items = this.reasons.map((reason, place) =>
      button(
        {
          attributes: { role: "menuitem", title: reason.meaning },
          on: {
            click: () => {
              this.close();
              this.choose(place);
            },
          },
        },
        element("kbd", { text: keyName(`choice-${place + 1}`) }),
        element("span", { text: reasonText(reason.code) }),
      ),
    );
    const menu = element(
      "div",
      { class: "menu", attributes: { role: "menu", "aria-label": "Exclude because" } },
      element("p", { class: "menu-title", text: "Exclude because" }),
      ...items,
    );
    document.body.append(menu);
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, Math.min(y, innerHeight - height - MARGIN))}px`;
    this.#menu = menu;
  }

  close() {
    this.#menu?.remove();
    this.#menu = null;
  }
}

/** A larger image beside the film under a resting mouse. */
export class Preview {
  #box = element("div", { class: "preview", attributes: { hidden: true, "aria-hidden": "true" } });
  #image = element("img", { attributes: { alt: "", draggable: "false" } });
  /** @type {number|undefined} */
  #resting;
  /** @type {number|null} */
  #over = null;

  /**
   * @param {import("./grid.js").Grid} grid
   * @param {import("./thumbnails.js").Thumbnails} thumbnails
   * @param {() => boolean} wanted
   */
  constructor(grid, thumbnails, wanted) {
    this.grid = grid;
    this.thumbnails = thumbnails;
    this.wanted = wanted;
    this.#box.append(this.#image);
    thumbnails.films.addEventListener("change", () => this.#fill());
    document.body.append(this.#box);
    grid.host.addEventListener("pointermove", (event) => this.#move(event));
    grid.host.addEventListener("pointerleave", () => this.close());
    grid.host.addEventListener("pointerdown", () => this.close());
  }

  close() {
    clearTimeout(this.#resting);
    this.#box.hidden = true;
  }

  /** A new page came under a mouse that may not have moved. */
  forget() {
    this.close();
    this.#over = null;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const place = event.pointerType === "mouse" ? this.grid.placeOf(event.target) : null;
    if (place === this.#over) return;
    this.close();
    this.#over = place;
    if (place !== null && this.wanted()) {
      this.#resting = setTimeout(() => this.#open(place), REST_MS);
    }
  }

  /** @param {number} place */
  #open(place) {
    const name = this.grid.names[place];
    const film = this.grid.boxOf(place);
    if (!this.thumbnails.best(name) || film === null) return;
    this.thumbnails.look([name]);
    const room = Math.max(film.left, innerWidth - film.right) - 2 * GAP;
    const side = Math.min(Math.max(LEAST, LARGER * film.width), room, innerHeight - 2 * GAP);
    const left = film.right + GAP + side < innerWidth ? film.right + GAP : film.left - GAP - side;
    const top = film.top + film.height / 2 - side / 2;
    const { style } = this.#box;
    style.width = `${side}px`;
    style.height = `${side}px`;
    style.left = `${left}px`;
    style.top = `${Math.min(Math.max(GAP, top), innerHeight - side - GAP)}px`;
    this.#image.style.transform = this.grid.isMirrored(name) ? "scaleX(-1)" : "none";
    this.#box.hidden = false;
    this.#fill();
  }

  /** The best picture of the film that is here by now. */
  #fill() {
    const url = this.#over === null || this.#box.hidden ? "" : this.thumbnails.best(this.grid.names[this.#over]);
    if (url && this.#image.getAttribute("src") !== url) this.#image.src = url;
  }
}
