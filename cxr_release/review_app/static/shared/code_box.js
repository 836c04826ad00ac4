// A box for a film's code, as people tell it each other: Enter shows that film.

import { Refused } from "./connection.js";
import { button, element } from "./dom.js";
import { keyName } from "./keys.js";

export class CodeBox {
  /**
   * @param {object} parts
   * @param {import("./connection.js").Connection} parts.api
   * @param {import("./notices.js").Notices} parts.notices
   * @param {string} parts.noun what has the code: "film"
   * @param {(place: any) => void} parts.show what the server says of the place where it is
   * @param {() => void} [parts.leave] the keyboard goes back to the films
   */
  constructor({ api, notices, noun, show, leave = () => {} }) {
    const title = `Show the ${noun} of a code${keyName("find") && ` (${keyName("find")})`}`;
    this.input = element("input", {
      attributes: {
        type: "text",
        placeholder: `${noun} code`,
        "aria-label": `Code of a ${noun}`,
        title,
        maxlength: 24,
        autocomplete: "off",
        autocapitalize: "characters",
        spellcheck: "false",
        enterkeyhint: "go",
      },
    });
    this.host = element(
      "form",
      { class: "code-box", attributes: { role: "search", "aria-label": title } },
      this.input,
      button({ text: "Go", attributes: { type: "submit", title } }),
    );
    this.host.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#find(this.input.value.trim(), api, notices, show);
    });
    this.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      this.input.blur();
      leave();
    });
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  /**
   * @param {string} code
   * @param {import("./connection.js").Connection} api
   * @param {import("./notices.js").Notices} notices
   * @param {(place: any) => void} show
   */
  async #find(code, api, notices, show) {
    if (code === "") return;
    try {
      const place = await api.find(code);
      this.input.value = "";
      this.input.blur(); // the keys are the film's again
      show(place);
    } catch (error) {
      notices.warn(error instanceof Refused ? error.message : "The server does not answer.");
    }
  }
}
