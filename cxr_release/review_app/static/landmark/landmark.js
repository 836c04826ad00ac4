// The page of landmarks: puts the parts together, and does what the keys ask for.

import { byId } from "../shared/dom.js";
import { nothingToPlace } from "../shared/empty_state.js";
import { startPage } from "../shared/page.js";
import { landmarkTask } from "../shared/tasks.js";
import { WorklistPage } from "../shared/worklist_page.js";
import { landmarkApi } from "./api.js";
import { LandmarkPanel } from "./landmark_panel.js";
import { Places } from "./places.js";
import { PointView } from "./point_view.js";

const SETTINGS = {
  storage: "landmarks",
  films: "film",
  subject: "film",
  noun: "placement",
  mouse:
    "With the mouse: drag a point; the wheel zooms, a drag beside the points moves the film, a right drag changes window and level, a double click fits the film.",
  touch: [
    ["left", "‹ Point"],
    ["right", "Point ›"],
    ["fine-left", "←"],
    ["fine-right", "→"],
    ["fine-up", "↑"],
    ["fine-down", "↓"],
  ],
};

/** @type {import("../shared/list_tools.js").Choice[]} */
const CHOICES = [
  { name: "not saved", holds: ({ decision }) => decision === null },
  { name: "saved", holds: ({ decision }) => decision !== null },
  { name: "with hidden points", holds: ({ decision, points }) => decision !== null && points.split(" ").includes("-") },
];

class LandmarkPage extends WorklistPage {
  actions = {
    "go-on": () => this.#save(),
    "not-seen": () => this.#change("", (places) => places.toggle(this.points.selected)),
    restart: () => this.#change("", (places) => places.restart()),
    retract: () => this.retract("There is nothing of yours to take back on this film."),
    previous: () => this.#leave(() => this.previous()),
    next: () => this.#leave(() => this.next()),
  };
  /** @type {Map<string, Places>} films whose points were moved and not saved */
  #drafts = new Map();

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start, "decision", CHOICES);
    this.points = new PointView(byId("film"), this.images, this.setup);
    this.view = this.points;
    this.points.change = (same, how) => this.#change(same, how);
    const hosts = { header: byId("header"), points: byId("points"), footer: byId("footer") };
    this.panel = new LandmarkPanel(hosts, this.setup, this.act, (index) => this.points.select(index));
    this.points.addEventListener("draw", () => this.draw());
    this.panel.header.moves.previous.before(this.tools.host);
    addEventListener("beforeunload", (event) => {
      if ([...this.#drafts.values()].some((places) => places.changed)) event.preventDefault();
    });
  }

  task() {
    return landmarkTask(this.setup);
  }

  /** @param {number} place */
  visit(place) {
    this.#leave(() => this.show(place));
  }

  draw() {
    super.draw();
    const { current, index, size } = this.list;
    this.panel.showFilm(index, size, current, this.points.places);
    this.panel.showPoints(this.points.places, this.points.selected);
    this.panel.showProgress(this.api.progress.value, this.queue.size);
  }

  /** @param {import("../shared/worklist.js").Shown} shown */
  statementOf({ name, decision, points }) {
    return decision ? { film: name, decision, points } : { film: name, decision: "retract" };
  }

  /** @param {import("./api.js").NewPlacement} statement */
  savedText({ decision }) {
    return decision === "retract"
      ? "Taken back: this film has no landmarks of yours. The points stay where you put them."
      : "Saved.";
  }

  /** @param {import("./api.js").NewPlacement} statement */
  refusedText({ decision }) {
    return `Not saved: ${decision === "retract" ? "landmarks taken back" : "landmarks of a film"}.`;
  }

  nothingWaits() {
    return nothingToPlace(this.api.progress.value);
  }

  /** @param {import("../shared/worklist.js").Shown|null} shown */
  display(shown) {
    this.points.show(shown?.name ?? null, shown ? this.#placesOf(shown) : null);
  }

  /**
   * What the server has is not a draft any more; what was moved since stays one.
   *
   * @param {import("../shared/worklist.js").Item} film
   */
  settle(film) {
    const draft = this.#drafts.get(film.name);
    if (draft) draft.saved = film.points ?? film.first;
  }

  /** @param {import("../shared/worklist.js").Shown} film */
  #placesOf(film) {
    const kept = this.#drafts.get(film.name);
    if (kept?.changed) return kept;
    const text = (film.decision ? film.points : null) ?? film.first;
    const places = new Places(text, film.first, this.setup);
    this.#drafts.set(film.name, places);
    return places;
  }

  /**
   * Do something to the points on the screen, so that it can be undone.
   *
   * @param {string} same see `Step`
   * @param {(places: Places) => void} how
   */
  #change(same, how) {
    const { places } = this.points;
    const name = this.list.current?.name;
    if (places === null || name === undefined) {
      this.notices.warn(`Nothing was done: ${this.nothingShown}`);
      return;
    }
    const before = places.points;
    places.points = before.map((place) => ({ ...place }));
    how(places);
    const after = places.points;
    this.history.push({
      undo: () => this.#putBack(name, before),
      redo: () => this.#putBack(name, after),
      same: same && `${name} ${same}`,
    });
    this.points.draw();
    this.draw();
  }

  /**
   * @param {string} name of a film
   * @param {import("./places.js").Place[]} points
   */
  #putBack(name, points) {
    if (!this.goTo(name) || this.points.places === null) return false;
    this.points.places.points = points.map((place) => ({ ...place }));
    this.points.draw();
    this.draw();
    return true;
  }

  /** Another film; what was moved on this one waits there. @param {() => void} go */
  #leave(go) {
    const { places } = this.points;
    const { current } = this.list;
    const moved = current !== null && places?.changed && this.queue.latest(current.name) === null;
    go();
    if (moved && this.list.current?.name !== current.name) {
      this.notices.warn("The film before has points that are not saved: they wait there, in this page.");
    }
  }

  #save() {
    const current = this.ready("saved");
    const { places } = this.points;
    if (current === null || places === null) return;
    if (!current.decision || places.changed) this.say(this.statementOf({ ...current, decision: "place", points: places.text }), true);
    else if (current.saving) this.notices.warn("That is on its way.");
    else void this.goOn();
  }
}

await startPage(LandmarkPage, SETTINGS, landmarkApi());
