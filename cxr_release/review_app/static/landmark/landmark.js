// The page of landmarks: puts the parts together, and does what the keys ask for.

import { byId } from "../shared/dom.js";
import { nothingToPlace } from "../shared/empty_state.js";
import { FilmList } from "../shared/film_list.js";
import { LANDMARK_KEYS, keyName } from "../shared/keys.js";
import { firstVisit } from "../shared/first_visit.js";
import { ListTools } from "../shared/list_tools.js";
import { landmarkTask } from "../shared/tasks.js";
import { PageController, startPage } from "../shared/page.js";
import { LandmarkApi } from "./api.js";
import { LandmarkPanel } from "./landmark_panel.js";
import { Places } from "./places.js";
import { PointView } from "./point_view.js";

/** Films that are fetched ahead. */
const AHEAD = 3;
const SETTINGS = {
  storage: "landmarks",
  films: "film",
  subject: "film",
  noun: "placement",
  mouse:
    "With the mouse: drag a point; the wheel zooms, a drag beside the points moves the film, a right drag changes window and level, a double click fits the film.",
};

/** @type {import("../shared/list_tools.js").Choice[]} */
const CHOICES = [
  { name: "not saved", holds: ({ decision }) => decision === null },
  { name: "saved", holds: ({ decision }) => decision !== null },
  { name: "with hidden points", holds: ({ decision, points }) => decision !== null && points.split(" ").includes("-") },
];

class LandmarkPage extends PageController {
  keys = LANDMARK_KEYS;
  actions = {
    save: () => this.#save(),
    "not-seen": () => this.#toggle(),
    restart: () => this.#restart(),
    "take-back": () => this.#takeBack(),
    previous: () => this.#previous(),
    next: () => this.#next(),
    find: () => this.tools.codeBox.focus(),
  };
  /** @type {string|null} the film whose points are on their way: once they are there, the page goes on */
  #leaving = null;
  /** @type {Map<string, Places>} films whose points were moved and not saved */
  #drafts = new Map();

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start);
    this.films = new FilmList(this.queue);
    this.view = new PointView(byId("film"), this.images, this.setup);
    const hosts = { header: byId("header"), points: byId("points"), footer: byId("footer") };
    this.panel = new LandmarkPanel(hosts, this.setup, this.act, (index) => this.view.select(index));
    this.tools = new ListTools({
      api: this.api,
      notices: this.notices,
      noun: "film",
      key: keyName(LANDMARK_KEYS, "find"),
      choices: CHOICES,
      list: this.films,
      show: (place) => this.#leave(place),
    });
    this.panel.header.moves.previous.before(this.tools.host);
    this.api.progress.addEventListener("change", () => this.draw());
    for (const event of ["select", "move"]) this.view.addEventListener(event, () => this.draw());
    addEventListener("beforeunload", (event) => {
      if ([...this.#drafts.values()].some((places) => places.changed)) event.preventDefault();
    });
  }

  async open() {
    await this.#list();
    this.draw();
    const known = this.films.records.some(({ decision }) => decision !== null);
    const key = (/** @type {string} */ action) => keyName(this.keys, action);
    await firstVisit({ room: this.room, emptyState: this.emptyState, card: landmarkTask(this.setup, key), known });
    await this.#goOn();
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.films.current !== null && this.view.act(action);
  }

  draw() {
    const { current, index, size } = this.films;
    this.panel.showFilm(index, size, current, this.view.places);
    this.panel.showPoints(this.view.places, this.view.selected);
    this.panel.showProgress(this.api.progress.value, this.queue.size);
    this.tools.draw();
  }

  /**
   * @param {import("./api.js").Answer} answer
   * @param {import("./api.js").NewPlacement[]} placements
   */
  saved({ film }, [placement]) {
    this.films.update(film);
    if (this.queue.latest(film.name) !== null) return;
    this.#settle(film, placement);
    if (this.films.current?.name !== film.name) return;
    const taken = placement.decision === "retract";
    if (this.#leaving === film.name) {
      this.notices.announce("Saved.");
      void this.#goOn();
    } else {
      this.notices.warn(taken ? "Taken back: this film has no landmarks of yours." : "Saved.");
      this.draw();
    }
  }

  /**
   * What the server has is not a draft any more; what was moved since stays one.
   *
   * @param {import("./api.js").Film} film
   * @param {import("./api.js").NewPlacement} placement
   */
  #settle(film, placement) {
    const draft = this.#drafts.get(film.name);
    if (draft === undefined) return;
    draft.saved = film.points ?? film.first;
    const sent = placement.decision === "place" ? placement.points : null;
    if (draft.text === (sent ?? film.first)) this.#drafts.delete(film.name);
  }

  /**
   * @param {import("./api.js").NewPlacement[]} placements
   * @param {string} message
   */
  refused([placement], message) {
    const what = placement.decision === "retract" ? "landmarks taken back" : "landmarks of a film";
    this.notices.banner("refused", `Not saved: ${what}. The server says: ${message}`, () => {});
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
    near.push(films.at(films.index - 1), films.at(films.index + 1));
    this.images.prefetch(near.flatMap((film) => (film ? [film.name] : [])));
    const { current } = films;
    if (current) this.emptyState.hide();
    this.view.show(current?.name ?? null, current ? this.#placesOf(current) : null);
    this.draw();
  }

  /** @param {import("../shared/film_list.js").Shown} film */
  #placesOf(film) {
    const kept = this.#drafts.get(film.name);
    if (kept?.changed) return kept;
    const text = (film.decision ? film.points : null) ?? film.first;
    const places = new Places(text, film.first, this.setup);
    this.#drafts.set(film.name, places);
    return places;
  }

  #previous() {
    const place = this.tools.near(this.films.current === null ? this.films.size : this.films.index, -1);
    if (place >= 0) this.#leave(place);
    else this.notices.warn(`There is no film before this one${this.tools.all ? "" : " in this list"}.`);
  }

  #next() {
    const { current, index } = this.films;
    if (current === null) return;
    const place = this.tools.near(index, 1);
    if (place >= 0) this.#leave(place);
    else if (!this.tools.all) this.notices.warn("This is the last film of this list.");
    else if (this.films.nextOpen(index) < 0) void this.#goOn();
    else this.notices.warn("This is the last film; those before it that are not saved still wait.");
  }

  /** Another film; what was moved on this one waits there. @param {number} place */
  #leave(place) {
    const moved = this.view.places?.changed && this.queue.latest(this.films.current?.name ?? "") === null;
    this.#show(place);
    if (moved) this.notices.warn("The film before has points that are not saved: they wait there, in this page.");
  }

  #save() {
    const { current } = this.films;
    const { places } = this.view;
    if (current === null || places === null) return;
    if (!this.view.ready) {
      this.notices.warn(
        this.view.broken
          ? "Nothing was saved: this film cannot be shown. Page Down goes on; tell whoever runs this page."
          : "Nothing was saved: this film had only just appeared. Press again.",
      );
      return;
    }
    if (current.decision && !places.changed) {
      if (current.saving) this.notices.warn("That is on its way.");
      else void this.#goOn();
      return;
    }
    this.#leaving = current.name;
    this.queue.add([{ film: current.name, decision: "place", points: places.text }]);
  }

  #toggle() {
    if (this.view.places === null) return;
    this.view.places.toggle(this.view.selected);
    this.view.draw();
    this.draw();
  }

  /** The points as they began; what was saved stays saved until these are. */
  #restart() {
    const { current } = this.films;
    if (current === null || this.view.places === null) return;
    this.view.places.points = new Places(current.first, current.first, this.setup).points;
    this.view.draw();
    this.draw();
  }

  #takeBack() {
    const { current } = this.films;
    if (!current?.decision) {
      this.notices.warn("There is nothing of yours to take back on this film.");
      return;
    }
    this.#leaving = null;
    this.#restart();
    this.queue.add([{ film: current.name, decision: "retract" }]);
  }

  /** The list as the server has it now, however long that takes. */
  #list() {
    return this.untilAnswered(() => this.films.load(() => this.api.films()));
  }

  /** On to the next film that is not saved; when there is none, see whether any has come. */
  async #goOn() {
    let next = this.films.nextOpen(this.films.index);
    if (next < 0) {
      this.films.select(-1);
      this.view.show(null, null);
      await this.#list();
      next = this.films.nextOpen(-1);
    }
    this.#show(next);
    if (this.films.current === null) this.emptyState.show(nothingToPlace(this.api.progress.value));
  }
}

await startPage(LandmarkPage, SETTINGS, new LandmarkApi());
