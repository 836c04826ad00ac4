// What every page offers beside a film that is shown large: windows by name, and its true size.

import { button, element, setAttributes } from "./dom.js";
import { keyName } from "./keys.js";
import { Windowing } from "./windowing.js";

export class ViewerTools {
  /**
   * @param {Windowing} windowing
   * @param {(action: string) => void} act
   */
  constructor(windowing, act) {
    this.windowing = windowing;
    this.select = element(
      "select",
      {
        attributes: { "aria-label": "Window and level", title: `Window and level, by name (${keyName("preset")}: the next)` },
        on: {
          change: () => {
            windowing.use(this.select.selectedIndex);
            this.select.blur(); // the keys are the film's again
          },
        },
      },
      ...Windowing.presets.map(({ name }) => element("option", { text: name })),
      element("option", { text: "by hand", attributes: { disabled: true, hidden: true } }),
    );
    this.full = button(
      {
        class: "full-size",
        text: "1:1",
        attributes: { title: `A pixel of the film is a pixel of the screen (${keyName("full-size")})`, "aria-label": "1:1" },
        on: { click: () => act("full-size") },
      },
    );
    this.code = element("span", { class: "film-code" });
    this.host = element(
      "div",
      { class: "viewer-tools", attributes: { role: "group", "aria-label": "How the film is shown" } },
      this.code,
      ...(Windowing.presets.length > 0 ? [this.select] : []),
      this.full,
    );
    windowing.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  /** @param {string} code of the film or pair that is shown, where it does not stand on the film itself */
  showCode(code) {
    this.code.textContent = code;
  }

  /** @param {boolean} isFull whether the film is shown at its true size */
  show(isFull) {
    setAttributes(this.full, { "aria-pressed": String(isFull) });
  }

  #draw() {
    const { preset } = this.windowing;
    this.select.selectedIndex = preset < 0 ? Windowing.presets.length : preset;
  }
}
