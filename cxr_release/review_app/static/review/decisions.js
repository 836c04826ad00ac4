// What a reviewer can decide, and the rules that keep a slip of the hand from deciding.

import { count, reasonText } from "../shared/format.js";

/** @typedef {import("./api.js").NewDecision} NewDecision */
/** @typedef {import("./api.js").View} View */

/** Pages that Enter may be ahead of the server. */
const PAGES_AHEAD = 2;
/** The reason that says nothing without a note. */
const OTHER = "other";
/** Decisions that can be taken back one after the other. */
const REMEMBERED = 500;

export class Decisions {
  /** @type {{names: string[], view: View, from: number}[]} */
  #history = [];

  /**
   * @param {object} parts
   * @param {import("./api.js").Setup} parts.setup
   * @param {import("../shared/send_queue.js").SendQueue} parts.queue
   * @param {import("./decision_state.js").DecisionState} parts.states
   * @param {import("./grid.js").Grid} parts.grid
   * @param {import("./page_navigation.js").PageNavigation} parts.navigation
   * @param {import("./preferences.js").Preferences} parts.preferences
   * @param {import("../shared/notices.js").Notices} parts.notices
   * @param {(title: string, note: string) => Promise<string|null>} parts.askNote
   * @param {() => void} parts.askReason
   */
  constructor({ setup, queue, states, grid, navigation, preferences, notices, askNote, askReason }) {
    this.setup = setup;
    this.queue = queue;
    this.states = states;
    this.grid = grid;
    this.navigation = navigation;
    this.preferences = preferences;
    this.notices = notices;
    this.askNote = askNote;
    this.askReason = askReason;
  }

  /** @param {number} place of the reason in the list, from 0 */
  excludeFor(place) {
    const reason = this.setup.reasons[place];
    if (reason === undefined) {
      this.notices.warn(`There is no reason ${place + 1}: the list ends at ${this.setup.reasons.length}.`);
      return;
    }
    if (this.grid.name === null) return;
    this.preferences.lastReason = reason.code;
    this.#exclude(reason.code);
  }

  excludeAgain() {
    const name = this.grid.name;
    if (name === null) return;
    if (this.states.of(name).decision === "exclude") {
      this.notices.warn("This film is excluded already; a digit gives it another reason.");
      return;
    }
    const { lastReason } = this.preferences;
    if (this.setup.reasons.some(({ code }) => code === lastReason)) this.#exclude(lastReason);
    else this.askReason();
  }

  facing() {
    if (this.setup.facing === null) this.notices.warn("The list of reasons has none for a wrong facing.");
    else this.#exclude(this.setup.facing);
  }

  keep() {
    const name = this.grid.name;
    if (name === null || this.states.of(name).decision === "keep") return;
    if (!this.grid.isDisplayed(name)) {
      this.notices.warn("This film is not on the screen, so it cannot be kept.");
      return;
    }
    this.#add([{ film: name, decision: "keep", reason: "", note: "" }]);
    this.notices.announce("Kept.");
  }

  takeBack() {
    const name = this.grid.name;
    if (name !== null && this.states.of(name).decision !== null) {
      this.#retract([name]);
      this.notices.announce("Taken back: this film is open again.");
      return;
    }
    for (let last = this.#history.pop(); last !== undefined; last = this.#history.pop()) {
      const names = last.names.filter((film) => this.states.of(film).decision !== null);
      if (names.length > 0) {
        this.#retract(names);
        this.#returnTo(last, names);
        return;
      }
    }
    this.notices.warn("This film has no decision, and nothing else is left to take back.");
  }

  async note() {
    const name = this.grid.name;
    if (name === null) return;
    const shown = this.states.of(name);
    if (shown.decision === null) {
      this.notices.warn("A note goes with a decision: keep this film or exclude it first.");
      return;
    }
    const note = await this.askNote(shown.decision === "keep" ? "a film kept" : reasonText(shown.reason), shown.note);
    const now = this.states.of(name);
    if (note === null || now.decision !== shown.decision || note === now.note) return;
    if (now.reason === OTHER && note === "") {
      this.notices.warn("The note stays as it was: this reason says nothing without one.");
      return;
    }
    this.#add([{ film: name, decision: now.decision, reason: now.reason, note }]);
    this.notices.announce(note ? "Note added." : "Note removed.");
  }

  /** Keep all the rest of the page and go on; in the other views only go on. */
  goOn() {
    if (this.navigation.view !== "queue") {
      if (!this.navigation.next()) this.notices.warn("This is the last page.");
      return;
    }
    if (this.grid.names.length === 0) return;
    const open = this.grid.names.filter((name) => this.states.of(name).decision === null);
    if (open.length > 0 && !this.#mayKeep(open)) return;
    const seen = open.filter((name) => this.grid.isDisplayed(name));
    if (seen.length > 0) {
      this.#add(seen.map((film) => ({ film, decision: "keep", reason: "", note: "" })), true);
      this.notices.announce(`${count(seen.length, "film")} kept.`);
    }
    if (seen.length < open.length) {
      const left = count(open.length - seen.length, "film");
      this.notices.warn(`${left} could not be shown and stayed undecided: exclude them, or tell whoever runs this page.`);
    }
    if (!this.navigation.next()) this.finish();
  }

  /** Called when the queue has no further page. */
  finish = () => {};

  /** @param {string[]} open */
  #mayKeep(open) {
    const unseen = open.filter((name) => !this.grid.isDisplayed(name) && !this.grid.isBroken(name));
    if (unseen.length > 0) {
      this.notices.warn(`Nothing was kept: ${count(unseen.length, "film is", "films are")} not on the screen yet.`);
      return false;
    }
    if (!this.grid.ready) {
      this.notices.warn("Nothing was kept: this page had only just appeared. Press Enter again.");
      return false;
    }
    if (this.queue.pages >= PAGES_AHEAD) {
      this.notices.warn("Nothing was kept: the pages before this one are not saved yet. Press Enter again when they are.");
      return false;
    }
    return true;
  }

  /** @param {string} reason */
  #exclude(reason) {
    const name = this.grid.name;
    if (name === null) return;
    const shown = this.states.of(name);
    if (shown.decision === "exclude" && shown.reason === reason) return;
    if (reason === OTHER && (shown.note === "" || shown.decision === "keep")) void this.#excludeForOther(name);
    else this.#excludeAs(name, reason, shown.note);
  }

  /** @param {string} name */
  async #excludeForOther(name) {
    const note = await this.askNote(reasonText(OTHER), this.states.of(name).note);
    if (note) this.#excludeAs(name, OTHER, note);
    else this.notices.warn("Nothing was decided: this reason says nothing without a note.");
  }

  /**
   * @param {string} name
   * @param {string} reason
   * @param {string} note
   */
  #excludeAs(name, reason, note) {
    this.#add([{ film: name, decision: "exclude", reason, note }]);
    this.notices.announce(`Excluded: ${reasonText(reason)}.`);
  }

  /**
   * @param {NewDecision[]} decisions
   * @param {boolean} [undecidedOnly]
   */
  #add(decisions, undecidedOnly = false) {
    const from = this.navigation.page?.from ?? 0;
    this.#history.push({ names: decisions.map(({ film }) => film), view: this.navigation.view, from });
    if (this.#history.length > REMEMBERED) this.#history.shift();
    this.queue.add(decisions, { undecidedOnly });
  }

  /** @param {string[]} names */
  #retract(names) {
    this.queue.add(names.map((film) => ({ film, decision: "retract", reason: "", note: "" })));
  }

  /**
   * @param {{view: View, from: number}} place
   * @param {string[]} names
   */
  #returnTo({ view, from }, names) {
    const what = names.length === 1 ? "Taken back: 1 film is open again." : `Taken back: ${count(names.length, "film")} are open again.`;
    const here = this.grid.names.indexOf(names[0]);
    if (here >= 0) this.grid.focus(here);
    else if (view === "queue") void this.navigation.open(view, { from }, { film: names[0] });
    this.notices.warn(what);
  }
}
