// The reasons at the pointer, for those who screen with the mouse.

import { button, element } from "./dom.js";
import { code } from "./words.js";

const MARGIN = 8;

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
        element("kbd", { text: place < 10 ? String((place + 1) % 10) : "" }),
        element("span", { text: code(reason.code) }),
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
