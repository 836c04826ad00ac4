// What stands above and below the films: how far, what is asked, what is still to say.

import { button, element, setAttributes } from "./dom.js";
import { SCALE } from "./study_form.js";
import { number } from "./words.js";

export class Frame {
  /**
   * @param {HTMLElement} head
   * @param {HTMLElement} foot
   * @param {import("./study_api.js").Setup} setup
   * @param {(action: string) => void} act
   */
  constructor(head, foot, setup, act) {
    this.foot = foot;
    this.place = element("p", { class: "place" });
    this.fill = element("div", { class: "bar-fill" });
    this.bar = element(
      "div",
      { class: "bar", attributes: { role: "progressbar", "aria-label": "Pages answered", "aria-valuemin": 0 } },
      this.fill,
    );
    this.saving = element("p", { class: "progress-saving" });
    this.readout = element("p", { class: "readout quiet", attributes: { "aria-live": "off" } });
    this.missing = element("p", { class: "missing" });
    this.submit = button({ class: "strong submit", attributes: { "data-action": "submit" }, on: { click: () => act("submit") } });
    this.back = button({ text: "‹", attributes: { title: "The page before (PageUp)", "aria-label": "The page before", "data-action": "back" }, on: { click: () => act("back") } });
    this.on = button({ text: "›", attributes: { title: "The page after it (PageDown)", "aria-label": "The page after it", "data-action": "on" }, on: { click: () => act("on") } });
    head.append(
      element("h1", { text: setup.title, attributes: { title: setup.title } }),
      element("p", { class: "quiet", text: setup.reader }),
      element("div", { class: "how-far", attributes: { "aria-label": "Progress" } }, this.place, this.bar),
      this.saving,
      this.readout,
      element("div", { class: "moves" }, ...(setup.going_back ? [this.back, this.on] : []), button({ text: "Keys ?", on: { click: () => act("help") } })),
    );
    foot.append(
      element(
        "section",
        { class: "asked", attributes: { "aria-label": "What is asked" } },
        element("p", { text: "How realistic is each film? Which one is the real one?" }),
        element(
          "dl",
          { class: "scale" },
          ...SCALE.map(([rating, says]) => element("div", {}, element("dt", { text: String(rating) }), element("dd", { text: says }))),
        ),
      ),
      this.missing,
      this.submit,
    );
  }

  /**
   * @param {number} place of the page that is looked at; outside of the pages: none is
   * @param {import("./study_api.js").Sheet[]} sheets
   * @param {boolean} saving
   */
  showProgress(place, sheets, saving) {
    const done = sheets.filter(({ answered }) => answered).length;
    const looks = place >= 0 && place < sheets.length;
    this.place.textContent = looks
      ? `${number(place + 1)} of ${number(sheets.length)}`
      : `${number(done)} of ${number(sheets.length)} saved`;
    this.fill.style.width = `${sheets.length > 0 ? (100 * done) / sheets.length : 0}%`;
    setAttributes(this.bar, { "aria-valuenow": done, "aria-valuemax": sheets.length });
    this.saving.textContent = saving ? "saving …" : "";
    this.back.disabled = looks ? place === 0 : done === 0;
    this.on.disabled = !looks || !sheets[place].answered || place + 1 >= sheets.length;
    this.foot.hidden = !looks;
  }

  /**
   * @param {import("./study_form.js").Form} form
   * @param {boolean} locked
   */
  showForm(form, locked) {
    const { missing, sheet } = form;
    this.missing.textContent = missing || (sheet.answered ? (form.changed ? "Changed, and not saved yet." : "Saved.") : "");
    const text = sheet.answered && !form.changed ? "Next page" : sheet.answered ? "Save" : "Submit";
    this.submit.replaceChildren(text, element("kbd", { text: "Enter" }));
    this.submit.dataset.ready = String(missing === "");
    this.submit.disabled = locked;
  }
}
