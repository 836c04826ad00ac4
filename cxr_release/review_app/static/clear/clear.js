// The page of text on real films: puts the parts together, and does what the keys ask for.

import { byId } from "../shared/dom.js";
import { nothingToClear } from "../shared/empty_state.js";
import { CLEAR_KEYS, keyName } from "../shared/keys.js";
import { firstVisit } from "../shared/first_visit.js";
import { ListTools } from "../shared/list_tools.js";
import { clearingTask } from "../shared/tasks.js";
import { PageController, startPage } from "../shared/page.js";
import { ClearApi, DECISION_TEXTS } from "./api.js";
import { CRITERIA, ClearPanel } from "./clear_panel.js";
import { FilmList } from "../shared/film_list.js";
import { FilmView } from "./film_view.js";

/** @typedef {import("./api.js").Decision} Decision */
/** @typedef {Decision|"retract"} NewDecision */

/** Films that are fetched ahead: each may have millions of pixels. */
const AHEAD = 2;
const SETTINGS = {
  storage: "burned-in",
  films: "film",
  subject: "film",
  noun: "decision",
  mouse:
    "With the mouse: a click on a corner, or on a place of the whole film, shows it at full size; there the wheel zooms, a drag moves, a right drag changes window and level, a double click fits the film.",
};

/** @type {import("../shared/list_tools.js").Choice[]} */
const CHOICES = [
  { name: "not decided", holds: ({ decision }) => decision === null },
  ...["text", "clear"].map((given) => ({
    name: DECISION_TEXTS[given],
    holds: (/** @type {any} */ { decision }) => decision === given,
  })),
  { name: "text suspected", holds: ({ suspected }) => suspected },
];

class ClearPage extends PageController {
  keys = CLEAR_KEYS;
  actions = {
    clear: () => this.#decide("clear"),
    text: () => this.#decide("text"),
    "take-back": () => this.#takeBack(),
    previous: () => this.#previous(),
    next: () => this.#next(),
    find: () => this.tools.codeBox.focus(),
  };
  /** @type {string|null} the film whose first decision is on its way: once it is there, the page goes on */
  #leaving = null;
  /** @type {string|null} the film that was decided on last */
  #last = null;

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start);
    this.films = new FilmList(this.queue);
    this.view = new FilmView(byId("film"), this.images);
    this.panel = new ClearPanel(byId("header"), byId("footer"), this.setup, this.act);
    this.tools = new ListTools({
      api: this.api,
      notices: this.notices,
      noun: "film",
      key: keyName(CLEAR_KEYS, "find"),
      choices: CHOICES,
      list: this.films,
      show: (place) => this.#show(place),
    });
    this.panel.header.moves.previous.before(this.tools.host);
    this.api.progress.addEventListener("change", () => this.draw());
  }

  async open() {
    await this.#list();
    this.draw();
    const known = this.films.records.some(({ decision }) => decision !== null);
    const key = (/** @type {string} */ action) => keyName(this.keys, action);
    await firstVisit({ room: this.room, emptyState: this.emptyState, card: clearingTask(this.setup, CRITERIA, key), known });
    await this.#goOn();
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.films.current !== null && this.view.act(action);
  }

  draw() {
    const { current, index, size } = this.films;
    this.panel.showFilm(index, size, current);
    this.panel.showProgress(this.api.progress.value, this.queue.size);
    this.tools.draw();
  }

  /**
   * @param {import("./api.js").Answer} answer
   * @param {{decision: NewDecision}[]} decisions
   */
  saved({ film }, [{ decision }]) {
    this.films.update(film);
    if (this.films.current?.name !== film.name || this.queue.latest(film.name) !== null) return;
    const text =
      decision === "retract" ? "Taken back: this film has no decision of yours." : `Saved: ${DECISION_TEXTS[decision]}.`;
    if (this.#leaving === film.name) {
      this.notices.announce(text);
      void this.#goOn();
    } else {
      this.notices.warn(text);
    }
  }

  /**
   * @param {{decision: NewDecision}[]} decisions
   * @param {string} message
   */
  refused([{ decision }], message) {
    const what = decision === "retract" ? "a decision taken back" : DECISION_TEXTS[decision];
    this.notices.banner("refused", `Not saved, and so not decided: ${what}. The server says: ${message}`, () => {});
    this.#leaving = null;
    void this.#list().then(() => (this.films.current === null ? this.#goOn() : this.draw()));
  }

  /** @param {import("./api.js").Answer} answer */
  savedElsewhere({ film }) {
    this.films.update(film);
  }

  returned() {
    this.films.load(() => this.api.films()).then(
      () => (this.films.current === null ? void this.#goOn() : this.draw()),
      () => {},
    );
  }

  /** @param {number} place outside of the films: none */
  #show(place) {
    const { films } = this;
    films.select(place);
    this.#leaving = null;
    const near = [films.at(films.index)];
    for (let ahead = films.index, count = 0; count < AHEAD && ahead >= 0; count += 1) {
      ahead = films.nextOpen(ahead);
      near.push(films.at(ahead));
    }
    near.push(films.at(films.index - 1));
    this.images.prefetch(near.flatMap((film) => (film ? [film.name] : [])));
    if (films.current) this.emptyState.hide();
    this.view.show(films.current);
    this.draw();
  }

  #previous() {
    const place = this.tools.near(this.films.current === null ? this.films.size : this.films.index, -1);
    if (place >= 0) this.#show(place);
    else this.notices.warn(`There is no film before this one${this.tools.all ? "" : " in this list"}.`);
  }

  #next() {
    const { current, index } = this.films;
    if (current === null) return;
    const place = this.tools.near(index, 1);
    if (place >= 0) this.#show(place);
    else if (!this.tools.all) this.notices.warn("This is the last film of this list.");
    else if (this.films.nextOpen(index) < 0) void this.#goOn();
    else this.notices.warn("This is the last film; those before it that have no decision still wait.");
  }

  /** @param {Decision} decision */
  #decide(decision) {
    const { current } = this.films;
    if (current === null) return;
    if (this.view.isReduced) {
      this.notices.warn("Nothing was decided: the browser's zoom is below 100 %, which hides fine print. Ctrl + 0 resets it.");
      return;
    }
    if (!this.view.canBeDecided) {
      this.notices.warn(
        this.view.broken
          ? "Nothing was decided: this film cannot be shown. → goes on; tell whoever runs this page."
          : "Nothing was decided: this film had only just appeared. Press again.",
      );
      return;
    }
    if (current.decision === decision) {
      const given = `That is your decision already: ${DECISION_TEXTS[decision]}.`;
      this.notices.warn(current.saving ? "That decision is on its way." : given);
      return;
    }
    if (current.decision === null) this.#leaving = current.name;
    this.#last = current.name;
    this.queue.add([{ film: current.name, decision }]);
  }

  /** Take back the decision on this film; where there is none, the last one that was made here. */
  #takeBack() {
    const { films } = this;
    if (films.current?.decision) {
      this.#retract(films.current.name);
      return;
    }
    const place = this.#last === null ? -1 : films.placeOf(this.#last);
    if (!films.at(place)?.decision) {
      this.notices.warn("There is no decision of yours to take back here.");
      return;
    }
    this.#show(place);
    this.#retract(/** @type {string} */ (this.#last));
  }

  /** @param {string} name */
  #retract(name) {
    this.#leaving = null;
    this.queue.add([{ film: name, decision: "retract" }]);
  }

  /** The list as the server has it now, however long that takes. */
  #list() {
    return this.untilAnswered(() => this.films.load(() => this.api.films()));
  }

  /** On to the next film without a decision; when there is none, see whether any has come. */
  async #goOn() {
    let next = this.films.nextOpen(this.films.index);
    if (next < 0) {
      this.films.select(-1);
      this.view.show(null);
      await this.#list();
      next = this.films.nextOpen(-1);
    }
    this.#show(next);
    if (this.films.current === null) this.emptyState.show(nothingToClear(this.api.progress.value));
  }
}

await startPage(ClearPage, SETTINGS, new ClearApi());
