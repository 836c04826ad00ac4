// What stands around the films: how far, what is asked, what is still to say.

import { button, element } from "../shared/dom.js";
import { number } from "../shared/format.js";
import { Header } from "../shared/frame.js";
import { keyName } from "../shared/keys.js";
import { scaleList } from "../shared/rating_scale.js";

export class AnswerPanel {
  /**
   * @param {HTMLElement} header
   * @param {HTMLElement} footer
   * @param {import("./api.js").Setup} setup
   * @param {(action: string) => void} act
   */
  constructor(header, footer, setup, act) {
    this.footer = footer;
    this.readout = element("p", { class: "readout muted", attributes: { "aria-live": "off" } });
    this.missing = element("p", { class: "missing" });
    this.submit = button({ class: "primary submit", attributes: { "data-action": "go-on" }, on: { click: () => act("go-on") } });
    this.header = new Header(header, {
      title: setup.title,
      person: setup.reader,
      counted: "Pages answered",
      more: [this.readout],
      moves: setup.going_back ? ["The page before", "The page after it"] : null,
      act,
    });
    footer.append(
      element(
        "section",
        { class: "question", attributes: { "aria-label": "What is asked" } },
        element("p", { text: "How realistic is each film? Which one is the real one?" }),
        scaleList(),
      ),
      this.missing,
      this.submit,
    );
  }

  /**
   * @param {number} place of the page that is looked at; -1: none is
   * @param {import("./api.js").StudyPage[]} pages
   * @param {boolean} saving
   */
  showProgress(place, pages, saving) {
    const { moves, progress } = this.header;
    const done = pages.filter(({ answered }) => answered).length;
    const looks = place >= 0;
    const [all, at] = [number(pages.length), number(place + 1)];
    this.header.place.textContent = looks ? `${at} of ${all}` : `${number(done)} of ${all} saved`;
    progress.show(done, pages.length);
    progress.saving.textContent = saving ? "saving …" : "";
    moves.previous.disabled = looks ? place === 0 : done === 0;
    moves.next.disabled = !looks || !pages[place].answered || place + 1 >= pages.length;
    this.footer.hidden = !looks;
  }

  /**
   * @param {import("./answer_form.js").AnswerForm} form
   * @param {boolean} locked
   */
  showForm({ missing, page, changed }, locked) {
    this.missing.textContent = missing || (page.answered ? (changed ? "Changed, and not saved yet." : "Saved.") : "");
    const text = page.answered ? (changed ? "Save" : "Next page") : "Submit";
    this.submit.replaceChildren(text, element("kbd", { text: keyName("go-on") }));
    this.submit.dataset.ready = String(missing === "");
    this.submit.disabled = locked;
  }
}
