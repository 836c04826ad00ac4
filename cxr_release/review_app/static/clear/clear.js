// The page of text on real films: puts the parts together, and does what the keys ask for.

import { byId } from "../shared/dom.js";
import { nothingToClear } from "../shared/empty_state.js";
import { startPage } from "../shared/page.js";
import { clearingTask } from "../shared/tasks.js";
import { WorklistPage } from "../shared/worklist_page.js";
import { DECISIONS, DECISION_TEXTS, clearApi } from "./api.js";
import { CRITERIA, ClearPanel } from "./clear_panel.js";
import { FilmView, reducedText } from "./film_view.js";

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
  ...DECISIONS.map((given) => ({
    name: DECISION_TEXTS[given],
    holds: (/** @type {any} */ { decision }) => decision === given,
  })),
  { name: "text suspected", holds: ({ suspected }) => suspected },
];

class ClearPage extends WorklistPage {
  actions = {
    choice: (/** @type {number} */ number) => this.#decide(DECISIONS[number - 1]),
    retract: () => this.retract("There is no decision of yours to take back on this film."),
    left: () => this.previous(),
    right: () => this.next(),
    previous: () => this.previous(),
    next: () => this.next(),
  };
  ahead = 2; // each may have millions of pixels

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start, "decision", CHOICES);
    this.film = new FilmView(byId("film"), this.images);
    this.view = this.film;
    this.panel = new ClearPanel(byId("header"), byId("footer"), this.setup, this.act);
    this.panel.header.moves.previous.before(this.tools.host);
  }

  task() {
    return clearingTask(this.setup, CRITERIA);
  }

  draw() {
    super.draw();
    const { current, index, size } = this.list;
    this.panel.showFilm(index, size, current);
    this.panel.showProgress(this.api.progress.value, this.queue.size);
  }

  /** @param {import("../shared/worklist.js").Shown} shown */
  statementOf({ name, decision }) {
    return { film: name, decision: decision ?? "retract" };
  }

  /** @param {import("./api.js").NewDecision} statement */
  savedText({ decision }) {
    return decision === "retract" ? "Taken back: this film has no decision of yours." : `Saved: ${DECISION_TEXTS[decision]}.`;
  }

  /** @param {import("./api.js").NewDecision} statement */
  refusedText({ decision }) {
    const what = decision === "retract" ? "a decision taken back" : DECISION_TEXTS[decision];
    return `Not saved, and so not decided: ${what}.`;
  }

  nothingWaits() {
    return nothingToClear(this.api.progress.value);
  }

  /** @param {import("./api.js").Decision} decision */
  #decide(decision) {
    if (this.list.current !== null && this.film.isReduced) {
      this.notices.warn(`Nothing was decided: the ${reducedText()}.`);
      return;
    }
    const current = this.ready("decided", this.film.canBeDecided);
    if (current === null) return;
    if (current.decision === decision) {
      const given = `That is your decision already: ${DECISION_TEXTS[decision]}.`;
      this.notices.warn(current.saving ? "That decision is on its way." : given);
      return;
    }
    this.say(this.statementOf({ ...current, decision }));
  }
}

await startPage(ClearPage, SETTINGS, clearApi());
