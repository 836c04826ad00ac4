// The reader study's page: puts the parts together, and does what the keys ask for.

import { button, byId, element } from "../shared/dom.js";
import { savingAnswer, thanks } from "../shared/empty_state.js";
import { controlName, keyName } from "../shared/keys.js";
import { CodeBox } from "../shared/code_box.js";
import { PageController, startPage } from "../shared/page.js";
import { letter } from "../shared/rating_scale.js";
import { RecordList } from "../shared/record_list.js";
import { readingTask } from "../shared/tasks.js";
import { AnswerForm, Drafts } from "./answer_form.js";
import { AnswerPanel } from "./answer_panel.js";
import { StudyApi } from "./api.js";
import { FilmCards } from "./film_cards.js";
import { Stopwatch } from "./stopwatch.js";
import { ViewerTools } from "../shared/viewer_tools.js";

/** @typedef {import("./api.js").StudyPage} StudyPage */
/** @typedef {import("./answer_form.js").Said} Said */
/** @typedef {{name: string, before: Said|null}} Submitted a page, and what had been submitted of it before */

/** Pages whose films are fetched ahead. */
const AHEAD = 2;
const ON_ITS_WAY = "This page is on its way: wait a moment.";
const SETTINGS = {
  storage: "study",
  films: "films",
  subject: "page",
  noun: "answer",
  mouse: "With the mouse: a click frames a film, a double click shows it alone, the wheel zooms, a drag moves, a right drag changes window and level.",
  wayBack: "Open the link that you were sent once more, in this browser",
  touch: [["enlarge", "Enlarge"]],
};

class ReadingPage extends PageController {
  actions = {
    choice: (/** @type {number} */ rating) => this.#rate(rating),
    pick: (/** @type {number} */ number = this.films.current + 1) => this.#pick(number - 1),
    "go-on": () => this.#submit(),
    previous: () => this.#turn(this.place < 0 ? this.pages.size - 1 : this.place - 1),
    next: () => this.#turn(this.place < 0 ? this.pages.size : this.place + 1),
  };
  /** @type {Submitted[]} pages that were submitted here */
  #submitted = [];
  /** @type {Submitted|null} the one that an undo has put on the screen again */
  #reopened = null;
  /** Place of the page that is looked at; -1: none is. */
  place = -1;
  /** @type {AnswerForm|null} */
  form = null;
  /** @type {RecordList<StudyPage>} in this reader's order */
  pages = new RecordList();
  stopwatch = new Stopwatch();
  #introduced = false;
  /** Seconds that the page was in view before it was loaded again. */
  #secondsBefore = 0;

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start);
    this.drafts = new Drafts(this.room);
    this.films = new FilmCards(byId("films"), this.images, this.act);
    this.panel = new AnswerPanel(byId("header"), byId("footer"), this.setup, this.act);
    this.tools = new ViewerTools(this.films.windowing, this.act);
    this.codeBox = new CodeBox({ api: this.api, notices: this.notices, noun: "film", show: (place) => this.#find(place), leave: () => this.films.frame(this.films.current) });
    this.panel.readout.before(this.tools.host);
    this.panel.readout.after(this.codeBox.host);
    this.stopwatch.addEventListener("hidden", () => this.#keepDraft());
    this.films.addEventListener("frame", () => this.#showReadout());
    this.films.windowing.addEventListener("change", () => this.#showReadout());
    this.films.addEventListener("ready", () => {
      this.stopwatch.start(this.#secondsBefore);
      this.draw();
    });
  }

  async open() {
    await this.#list();
    const { records } = this.pages;
    this.#introduced = records.some((page) => !this.#isOpen(page) || this.drafts.read(page.name) !== null);
    if (this.#introduced) {
      this.#goOn();
      return;
    }
    const [{ films }] = records;
    this.images.prefetch(films);
    this.draw();
    const parts = { class: "primary start", attributes: { "data-action": "go-on" }, on: { click: () => this.#leaveIntroduction() } };
    this.emptyState.show([...this.task(), button(parts, "Begin", element("kbd", { text: keyName("go-on") }))]);
  }

  task() {
    const { records } = this.pages;
    return records.length > 0 ? readingTask(this.setup, records.length, records[0].films.length) : [];
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.form !== null && this.films.perform(action);
  }

  /** @param {string} action */
  perform(action) {
    super.perform(action);
    this.#showReadout();
  }

  draw() {
    const { form } = this;
    this.panel.showProgress(form === null ? -1 : this.place, this.pages.records, this.queue.size > 0);
    if (form !== null) {
      this.panel.showForm(form, this.#locked);
      this.films.draw(form, this.#locked);
    }
    this.#showReadout();
  }

  /** @param {import("./api.js").Answer} answer */
  saved({ page }) {
    const again = this.pages.records.find(({ name }) => name === page.name)?.answered ?? false;
    this.#update(page);
    if (this.form === null ? this.#introduced : this.form.page.name === page.name) {
      this.notices.announce("Saved.");
      this.#goOn(again ? this.place + 1 : -1);
    }
  }

  /**
   * @param {{page: string}[]} answers
   * @param {string} message
   */
  refused([{ page }], message) {
    this.drafts.remove(page);
    this.notices.banner("refused", `Your answer was not saved. The server says: ${message}`, () => {});
    if (this.#introduced) void this.#list().then(() => this.#goOn());
  }

  /** @param {import("./api.js").Answer} answer */
  savedElsewhere({ page }) {
    this.#update(page);
    if (this.form?.page.name === page.name && !this.#locked) {
      this.notices.warn("This page was submitted in another tab.");
      this.#goOn();
    }
  }

  returned() {
    if (this.pages.size === 0) return;
    this.#load().then(
      () => {
        const page = this.pages.records[this.place];
        if (this.form !== null && page?.answered && !this.form.page.answered && !this.#locked) {
          this.form.page = page;
          this.notices.warn("This page was submitted elsewhere.");
          this.#goOn();
        } else this.draw();
      },
      () => {},
    );
  }

  /** Whether the answer on the page that is looked at is on its way: then it is not changed. */
  get #locked() {
    return this.form !== null && this.queue.latest(this.form.page.name) !== null;
  }

  /** @param {StudyPage} page */
  #isOpen({ answered, name }) {
    return !answered && this.queue.latest(name) === null;
  }

  get nothingShown() {
    if (this.form !== null) return "this page has no such thing.";
    return this.#introduced ? super.nothingShown : `the films are shown once you begin: ${controlName("Begin", "go-on")}.`;
  }

  /** Step by step what was said of this page; before that, the page that was submitted last. */
  async undo() {
    if (this.#locked) this.notices.warn(ON_ITS_WAY);
    else if (this.#submitted.length === 0) await super.undo();
    else if (!(await this.history.undo())) this.#reopen();
  }

  async redo() {
    const reopened = this.#reopened;
    if (this.#locked) this.notices.warn(ON_ITS_WAY);
    else if (reopened === null || this.form?.page.name !== reopened.name) await super.redo();
    else if (!(await this.history.redo())) {
      this.#submitted.push(reopened);
      this.#goOn();
      this.notices.warn("That page stands as you had submitted it last.");
    }
  }

  /** The page that was submitted last, to be changed where the study lets readers do so. */
  #reopen() {
    if (!this.setup.going_back) {
      this.notices.warn("Nothing was undone: what you had submitted is final in this study.");
      return;
    }
    const reopened = /** @type {Submitted} */ (this.#submitted.pop());
    this.#show(this.pages.records.findIndex((page) => page.name === reopened.name));
    this.#reopened = reopened;
    const { form } = this;
    if (form !== null && reopened.before !== null) {
      form.restore(reopened.before);
      this.draw();
      this.notices.warn(`As you had submitted it before: ${controlName("Save", "go-on")} saves that.`);
    } else this.notices.warn(`You submitted this page last, and it stays so: ${controlName("Save", "go-on")} saves what you change.`);
  }

  /** @param {number} rating */
  #rate(rating) {
    const { current } = this.films;
    this.#change((form) => {
      form.ratings[current] = rating;
      this.films.frame(form.next(current));
    });
  }

  /** @param {number} film */
  #pick(film) {
    this.#change((form) => {
      if (film < form.ratings.length) form.picked = film;
      else this.notices.warn(`There is no film ${letter(film)} on this page.`);
    });
  }

  /**
   * @param {(form: AnswerForm) => void} how
   */
  #change(how) {
    const { form } = this;
    if (form === null) {
      this.notices.warn(`Nothing was noted: ${this.nothingShown}`);
    } else if (this.#locked) {
      this.notices.warn(ON_ITS_WAY);
    } else if (!this.films.ready) {
      this.notices.warn(
        this.films.broken
          ? "Nothing was noted: a film of this page cannot be shown. Tell whoever sent you the link."
          : "Nothing was noted: the films are still on their way.",
      );
    } else {
      const [before, from] = [form.said(), this.films.current];
      how(form);
      const [after, to] = [form.said(), this.films.current];
      if (JSON.stringify(before) !== JSON.stringify(after)) {
        this.history.push({ undo: () => this.#putBack(before, from), redo: () => this.#putBack(after, to) });
      }
      this.#keepDraft();
      this.draw();
    }
  }

  /**
   * @param {Said} said
   * @param {number} frame place of the film that was framed
   */
  #putBack(said, frame) {
    if (this.form === null) return false;
    this.form.restore(said);
    this.films.frame(frame);
    this.#keepDraft();
    this.draw();
    return true;
  }

  /** What was said of this page so far survives a reload. What is saved needs no draft. */
  #keepDraft() {
    const { form, films } = this;
    if (form === null || form.page.answered || this.#locked) return;
    const seconds = films.ready ? this.stopwatch.seconds : this.#secondsBefore;
    this.drafts.write(form.page.name, { ...form.said(), seconds });
  }

  #submit() {
    const { form, films } = this;
    if (form === null) {
      if (!this.#introduced) this.#leaveIntroduction();
    } else if (this.#locked || !films.ready) {
      this.#change(() => {}); // says why not
    } else if (!form.complete) {
      this.#frameUnrated(form);
      this.notices.warn(form.missing);
    } else if (!form.changed) {
      this.#goOn(this.place + 1);
    } else {
      this.#keepDraft();
      this.stopwatch.stop();
      this.#submitted.push({ name: form.page.name, before: form.page.ratings === null ? null : new AnswerForm(form.page, null).said() });
      this.queue.add([{ page: form.page.name, ...form.said(), seconds: this.stopwatch.seconds }]);
    }
  }

  /** @param {number} to */
  #turn(to) {
    const { form, pages } = this;
    if (form === null && !this.#introduced) {
      this.notices.warn(`Nothing was done: ${this.nothingShown}`);
      return;
    }
    if (!this.setup.going_back) {
      this.notices.warn("What you had submitted is final in this study: pages come one after the other.");
      return;
    }
    if (this.#locked) {
      this.notices.warn(ON_ITS_WAY);
      return;
    }
    if (to < 0 || to >= pages.size) {
      this.notices.warn(to < 0 ? "This is the first page." : "This is the last page.");
      return;
    }
    if (to > this.place && !(pages.records[this.place]?.answered ?? true)) {
      this.notices.warn(`This page is not submitted yet: ${controlName("Submit", "go-on")} submits it.`);
      return;
    }
    this.#leaveFor(to);
  }

  /**
   * The film of a code: framed on the page that is looked at, or on one to which the reader may go.
   *
   * @param {{name: string, film: string}} place
   */
  #find({ name, film }) {
    const { pages } = this;
    const to = pages.records.findIndex((page) => page.name === name);
    const page = pages.records[to];
    if (page === undefined) this.notices.warn("This film is not in your list yet: load the page again.");
    else if (!this.#introduced) this.notices.warn(`Nothing was done: ${this.nothingShown}`);
    else if (this.#isOpen(page) && to !== this.place) this.notices.warn("This film is on a page that is still to come: pages come one after the other.");
    else if (to !== this.place && !this.setup.going_back) this.notices.warn("This film is on a page that you submitted, and that is final in this study.");
    else if (to !== this.place && this.#locked) this.notices.warn(ON_ITS_WAY);
    else {
      if (to !== this.place) this.#leaveFor(to);
      this.films.frame(page.films.indexOf(film));
    }
  }

  /** Another page, which the reader may see. @param {number} to */
  #leaveFor(to) {
    const { form } = this;
    const dropped = form !== null && form.page.answered && form.changed;
    this.#show(to);
    if (dropped) this.notices.warn("Not saved: what you had changed on that page. It stands as you had submitted it.");
  }

  /** @param {number} to */
  #show(to) {
    this.#keepDraft();
    this.history.clear();
    this.#reopened = null;
    this.place = to;
    const { records } = this.pages;
    const page = records[to];
    const near = records.slice(to).filter((ahead, step) => step === 0 || this.#isOpen(ahead)).slice(0, AHEAD + 1);
    this.images.prefetch(near.flatMap(({ films }) => films));
    const draft = page.answered ? null : this.drafts.read(page.name);
    this.#secondsBefore = draft?.seconds ?? 0;
    const form = new AnswerForm(page, draft);
    this.form = form;
    this.stopwatch.stop();
    this.emptyState.hide();
    this.panel.showProgress(to, records, false); // first of all: the footer takes its place from the films
    this.films.show(page.name, page.films, page.codes);
    this.#frameUnrated(form);
    this.draw();
  }

  /** @param {AnswerForm} form */
  #frameUnrated({ unrated }) {
    if (unrated.length > 0) this.films.frame(unrated[0]);
  }

  #showReadout() {
    this.panel.readout.textContent = this.form === null ? "" : this.films.readout;
    this.tools.host.hidden = this.form === null;
    this.tools.show(this.films.panes[this.films.current]?.viewer.isFullSize ?? false);
  }

  /**
   * The page after one that was answered: the next without an answer, or just the next one if the
   * reader is among those that have been answered.
   *
   * @param {number} [to]
   */
  #goOn(to = -1) {
    const { records } = this.pages;
    const next = records[to]?.answered ? to : records.findIndex((page) => this.#isOpen(page));
    if (next >= 0) {
      this.#show(next);
      return;
    }
    this.place = -1;
    this.form = null;
    this.stopwatch.stop();
    this.emptyState.show(this.queue.size > 0 ? savingAnswer() : thanks(records.length, this.setup.going_back));
    this.draw();
  }

  #leaveIntroduction() {
    this.#introduced = true;
    this.#goOn();
  }

  /** The pages as the server has them now, however long that takes. */
  #list() {
    return this.untilAnswered(() => this.#load());
  }

  async #load() {
    await this.pages.load(() => this.api.pages());
    for (const page of this.pages.records) if (page.answered) this.drafts.remove(page.name);
  }

  /** @param {StudyPage} page as the server has it now */
  #update(page) {
    this.pages.update(page);
    if (this.form?.page.name === page.name) this.form.page = page;
    this.drafts.remove(page.name);
  }
}

await startPage(ReadingPage, SETTINGS, new StudyApi());
