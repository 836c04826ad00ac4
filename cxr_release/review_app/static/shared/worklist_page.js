// Pages that put one film or pair before a person after the other: what is said of each is sent,
// and the page goes on to the next of which nothing is said.

import { firstVisit } from "./first_visit.js";
import { controlName } from "./keys.js";
import { ListTools } from "./list_tools.js";
import { PageController } from "./page.js";
import { Worklist } from "./worklist.js";

/** @typedef {import("./worklist.js").Item} Item */
/** @typedef {import("./worklist.js").Shown} Shown */

export class WorklistPage extends PageController {
  /** @type {import("./film_panes.js").FilmPanes & {show: (...item: any[]) => void, act: (action: string) => boolean}} */
  view = /** @type {any} */ (null);
  /** Items whose films are fetched ahead. */
  ahead = 3;
  /** @type {string|null} the item whose first statement is on its way: once it is there, the page goes on */
  #leaving = null;
  /** Whether it is said that nothing waits any more. */
  #resting = false;

  /**
   * @param {import("./page.js").Start} start
   * @param {string} field of an item, that holds what a person said of it
   * @param {readonly import("./list_tools.js").Choice[]} choices to which the list can be narrowed
   */
  constructor(start, field, choices) {
    super(start);
    this.field = field;
    this.list = new Worklist(this.queue, field);
    const { api, notices, list } = this;
    this.tools = new ListTools({ api, notices, noun: this.item, choices, list, show: (place) => this.visit(place) });
    this.codeBox = this.tools.codeBox;
    this.api.progress.addEventListener("change", () => {
      this.draw();
      this.lookAgain();
    });
  }

  /** What a film or a pair is called. */
  get item() {
    return this.settings.subject;
  }

  /**
   * What is sent to say of an item what is said of it now.
   *
   * @param {Shown} _shown
   * @returns {any}
   */
  statementOf(_shown) {
    throw new Error("a page has to give it");
  }

  /**
   * @param {any} _statement that the server has
   * @returns {string} a sentence
   */
  savedText(_statement) {
    return "Saved.";
  }

  /**
   * What the page says when the server will not take a statement.
   *
   * @param {any} _statement
   * @returns {string}
   */
  refusedText(_statement) {
    return "Not saved.";
  }

  /** @returns {Node[]} what stands there when nothing waits */
  nothingWaits() {
    return [];
  }

  /** Films of an item. @param {Shown} shown @returns {string[]} */
  filmsOf(shown) {
    return [shown.name];
  }

  /** Put an item on the screen. @param {Shown|null} shown */
  display(shown) {
    this.view.show(shown);
  }

  draw() {
    this.tools.draw();
  }

  async open() {
    await this.#load();
    this.draw();
    const known = this.list.records.some((item) => item[this.field] !== null);
    await firstVisit({ room: this.room, emptyState: this.emptyState, card: this.task(), known });
    if (this.list.current === null) await this.goOn();
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.list.current !== null && this.view.act(action);
  }

  get nothingShown() {
    return this.list.current === null ? super.nothingShown : `this ${this.item} has no such thing.`;
  }

  /**
   * The item on the screen, if it may be spoken of; else the page says why not.
   *
   * @param {string} undone what was not done: "judged"
   * @param {boolean} [ready]
   * @returns {Shown|null}
   */
  ready(undone, ready = this.view.ready) {
    const { current } = this.list;
    if (current === null) this.notices.warn(`Nothing was ${undone}: ${this.nothingShown}`);
    else if (ready) return current;
    else if (this.view.broken) {
      const film = this.item === "film" ? "this film" : `a film of this ${this.item}`;
      this.notices.warn(
        `Nothing was ${undone}: ${film} cannot be shown. ${controlName("› above", "next")} goes on; tell whoever runs this page.`,
      );
    } else this.notices.warn(`Nothing was ${undone}: this ${this.item} had only just appeared. Press again.`);
    return null;
  }

  /**
   * Send a statement, and remember how it is undone.
   *
   * @param {any} statement on the item that is looked at, as `statementOf` makes them
   * @param {boolean} [leaves] whether the page goes on once it is saved
   */
  say(statement, leaves = this.list.current?.[this.field] === null) {
    const current = /** @type {Shown} */ (this.list.current);
    const before = this.statementOf(current);
    this.#leaving = leaves ? current.name : null;
    this.queue.add([statement]);
    this.history.push({
      undo: () => this.#sayInstead(current.name, statement, before),
      redo: () => this.#sayInstead(current.name, before, statement),
    });
  }

  /** Take back what is said of the item that is looked at. @param {string} nothing to say where nothing is */
  retract(nothing) {
    const { current } = this.list;
    if (!current?.[this.field]) this.notices.warn(nothing);
    else this.say(this.statementOf({ ...current, [this.field]: null, note: "" }), false);
  }

  /**
   * Undo or redo: a new statement, as long as the one before it still stands.
   *
   * @param {string} name
   * @param {any} stands
   * @param {any} statement
   */
  #sayInstead(name, stands, statement) {
    const place = this.list.placeOf(name);
    const shown = this.list.at(place);
    if (shown === null || JSON.stringify(this.statementOf(shown)) !== JSON.stringify(stands)) return false;
    this.goTo(name);
    this.#leaving = null;
    this.queue.add([statement]);
    return true;
  }

  /** Look at an item, unless it is looked at already. @param {string} name */
  goTo(name) {
    const place = this.list.placeOf(name);
    if (place >= 0 && place !== this.list.index) this.show(place);
    return place >= 0;
  }

  /**
   * @param {any} answer
   * @param {any[]} statements
   */
  saved(answer, [statement]) {
    const item = answer[this.settings.subject];
    this.list.update(item);
    if (this.queue.latest(item.name) !== null) return;
    this.settle(item, statement);
    if (this.list.current?.name !== item.name) return;
    const text = this.savedText(statement);
    if (this.#leaving === item.name) {
      this.notices.announce(text);
      void this.goOn();
    } else {
      this.notices.warn(text);
      this.draw();
    }
  }

  /**
   * Nothing is on its way any more on an item.
   *
   * @param {Item} _item
   * @param {any} _statement the last one
   */
  settle(_item, _statement) {}

  /**
   * @param {any[]} statements
   * @param {string} message
   */
  refused([statement], message) {
    this.notices.banner("refused", `${this.refusedText(statement)} The server says: ${message}`, () => {});
    this.#leaving = null;
    const name = this.list.current?.name;
    void this.#load().then(() => {
      const { current, index } = this.list;
      if (current === null) return this.goOn();
      // Who has spoken again meanwhile, or has gone on, is left where they are.
      if (current.name === name && this.queue.latest(name) === null) this.show(index);
      else this.draw();
    });
  }

  /** @param {any} answer */
  savedElsewhere(answer) {
    this.list.update(answer[this.settings.subject]);
  }

  returned() {
    this.lookAgain();
    if (this.list.current === null) return;
    this.list.load(() => this.api.list()).then(
      () => {
        if (this.list.current === null) void this.goOn();
        else this.draw();
      },
      () => {},
    );
  }

  /** @param {number} place outside of the list: nothing */
  show(place) {
    const { list } = this;
    list.select(place);
    this.#leaving = null;
    this.#resting = false;
    const near = [0, 1, -1].map((step) => list.at(list.index + step));
    for (let ahead = list.index, count = 0; count < this.ahead && ahead >= 0; count += 1) {
      ahead = list.nextOpen(ahead);
      near.push(list.at(ahead));
    }
    this.images.prefetch(near.flatMap((shown) => (shown ? this.filmsOf(shown) : [])));
    if (list.current) this.emptyState.hide();
    this.display(list.current);
    this.draw();
  }

  /** Somebody asks for an item that need not be the next. @param {number} place */
  visit(place) {
    this.show(place);
  }

  previous() {
    const { current, index, size } = this.list;
    const place = this.tools.near(current === null ? size : index, -1);
    if (place >= 0) this.show(place);
    else this.notices.warn(`There is no ${this.item} before this one${this.tools.all ? "" : " in this list"}.`);
  }

  next() {
    const { current, index } = this.list;
    const place = this.tools.near(index, 1);
    if (current === null) this.notices.warn(`Nothing was done: ${this.nothingShown}`);
    else if (place >= 0) this.show(place);
    else if (!this.tools.all) this.notices.warn(`This is the last ${this.item} of this list.`);
    else if (this.list.nextOpen(index) < 0) void this.goOn();
    else this.notices.warn(`This is the last ${this.item}; those before it of which nothing is saved still wait.`);
  }

  /** On to the next item of which nothing is said; when there is none, see whether any has come. */
  async goOn() {
    this.#resting = false;
    let next = this.list.nextOpen(this.list.index);
    if (next < 0) {
      this.list.select(-1);
      this.display(null);
      await this.#load();
      next = this.list.nextOpen(-1);
    }
    this.show(next);
    this.#resting = this.list.current === null;
    if (this.#resting) this.emptyState.show(this.nothingWaits());
  }

  /** See whether what is said in place of the films still holds. */
  lookAgain() {
    if (this.#resting && this.api.trouble === null) void this.goOn();
  }

  /** The list as the server has it now, however long that takes. */
  #load() {
    return this.untilAnswered(() => this.list.load(() => this.api.list()));
  }
}
