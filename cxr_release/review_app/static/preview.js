// A larger picture beside the film under a resting mouse.

import { element } from "./dom.js";

const REST_MS = 400;
const LARGER = 2.4;
const GAP = 10;
const LEAST = 320;

export class Preview {
  #box = element("div", { class: "preview", attributes: { hidden: true, "aria-hidden": "true" } });
  #image = element("img", { attributes: { alt: "", draggable: "false" } });
  /** @type {number|undefined} */
  #resting;
  /** @type {number|null} */
  #over = null;

  /**
   * @param {import("./grid.js").Grid} grid
   * @param {import("./pictures.js").Pictures} pictures
   * @param {() => boolean} wanted
   */
  constructor(grid, pictures, wanted) {
    this.grid = grid;
    this.pictures = pictures;
    this.wanted = wanted;
    this.#box.append(this.#image);
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
    const picture = this.pictures.get(this.grid.names[place]);
    const film = this.grid.boxOf(place);
    if (!picture?.url || film === null) return;
    const room = Math.max(film.left, innerWidth - film.right) - 2 * GAP;
    const side = Math.min(Math.max(LEAST, LARGER * film.width), room, innerHeight - 2 * GAP);
    const left = film.right + GAP + side < innerWidth ? film.right + GAP : film.left - GAP - side;
    const top = film.top + film.height / 2 - side / 2;
    const { style } = this.#box;
    style.width = `${side}px`;
    style.height = `${side}px`;
    style.left = `${left}px`;
    style.top = `${Math.min(Math.max(GAP, top), innerHeight - side - GAP)}px`;
    this.#image.src = picture.url;
    this.#image.style.transform = this.grid.isTurned(this.grid.names[place]) ? "scaleX(-1)" : "none";
    this.#box.hidden = false;
  }
}
