// What a list that is gone through one by one offers: to go through some of it alone, and to a code.

import { CodeBox } from "./code_box.js";
import { element } from "./dom.js";

/**
 * A choice of the list: its name, and what it holds.
 * @typedef {{name: string, holds: (shown: any) => boolean}} Choice
 */

export class ListTools {
  /**
   * @param {object} parts
   * @param {import("./connection.js").Connection} parts.api
   * @param {import("./notices.js").Notices} parts.notices
   * @param {string} parts.noun "film" or "pair"
   * @param {readonly Choice[]} parts.choices besides all
   * @param {import("./record_list.js").RecordList<any> & {at: (place: number) => any, current: any, placeOf: (name: string) => number}} parts.list
   * @param {(place: number) => void} parts.show
   */
  constructor({ api, notices, noun, choices, list, show }) {
    this.choices = [{ name: `all ${noun}s`, holds: () => true }, ...choices];
    this.list = list;
    this.select = element(
      "select",
      {
        attributes: { "aria-label": `Which ${noun}s`, title: `Which ${noun}s the arrows lead to` },
        on: {
          change: () => {
            this.select.blur(); // the keys are the film's again
            this.#enter(notices, noun, show);
          },
        },
      },
      ...this.choices.map(() => element("option")),
    );
    this.codeBox = new CodeBox({
      api,
      notices,
      noun,
      show: ({ name }) => {
        const place = list.placeOf(name);
        if (place >= 0) show(place);
        else notices.warn(`This ${noun} is not in your list yet: load the page again.`);
      },
    });
    this.host = element("div", { class: "list-tools" }, this.select, this.codeBox.host);
  }

  /** Whether all is listed. */
  get all() {
    return this.select.selectedIndex <= 0;
  }

  /** How many there are of each choice, as they are now. */
  draw() {
    const shown = this.list.records.map((_, place) => this.list.at(place));
    for (const [index, option] of [...this.select.options].entries()) {
      const { name, holds } = this.choices[index];
      option.text = `${name} (${shown.filter(holds).length})`;
    }
  }

  /**
   * Place of the next of those that are listed, before or after a place; -1: none is.
   *
   * @param {number} from
   * @param {1|-1} way
   */
  near(from, way) {
    const { holds } = this.choices[Math.max(0, this.select.selectedIndex)];
    for (let place = from + way; place in this.list.records; place += way) {
      if (holds(this.list.at(place))) return place;
    }
    return -1;
  }

  /**
   * Another choice was made: what is looked at is of it, or the first that is.
   *
   * @param {import("./notices.js").Notices} notices
   * @param {string} noun
   * @param {(place: number) => void} show
   */
  #enter(notices, noun, show) {
    const first = this.near(-1, 1);
    if (first < 0) {
      this.select.selectedIndex = 0;
      notices.warn(`No ${noun} of your list is so: all are listed.`);
    } else if (this.list.current === null || !this.choices[this.select.selectedIndex].holds(this.list.current)) {
      show(first);
    }
  }
}
