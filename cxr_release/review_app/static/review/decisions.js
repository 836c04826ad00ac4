// What a reviewer can decide, and the rules that keep a slip of the hand from deciding.

import { count, reasonText } from "../shared/format.js";

/** @typedef {import("./api.js").NewDecision} NewDecision */
/** @typedef {import("./api.js").View} View */

/** Pages that Enter may be ahead of the server. */
const PAGES_AHEAD = 2;
/** The reason that says nothing without a note. */
const OTHER = "other";
/** @typedef {{view: View, listed: import("./api.js").Listed, from: number}} Place where a page is */

export class Decisions {
  /**
   * @param {object} parts
   * @param {import("./api.js").Setup} parts.setup
   * @param {import("../shared/send_queue.js").SendQueue} parts.queue
   * @param {import("./decision_state.js").DecisionState} parts.states
   * @param {import("./grid.js").Grid} parts.grid
   * @param {import("./page_navigation.js").PageNavigation} parts.navigation
   * @param {import("./preferences.js").Preferences} parts.preferences
   * @param {import("../shared/notices.js").Notices} parts.notices
   * @param {import("../shared/history.js").History} parts.history
   * @param {(title: string, note: string) => Promise<string|null>} parts.askNote
   * @param {() => void} parts.askReason
   */
  constructor({ setup, queue, states, grid, navigation, preferences, notices, history, askNote, askReason }) {
    this.setup = setup;
    this.queue = queue;
    this.states = states;
    this.grid = grid;
    this.navigation = navigation;
    this.preferences = preferences;
    this.notices = notices;
    this.history = history;
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
    if (this.#exclude(reason.code)) this.preferences.lastReason = reason.code;
  }

  excludeAgain() {
    const name = this.#film();
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
    const name = this.#film();
    if (name === null) return;
    if (this.states.of(name).decision === "keep") {
      this.notices.warn("This film is kept already.");
      return;
    }
    if (!this.grid.isDisplayed(name)) {
      this.notices.warn("This film is not on the screen yet, so it cannot be kept.");
      return;
    }
    this.#add([{ film: name, decision: "keep", reason: "", note: "" }]);
    this.notices.announce("Kept.");
  }

  /** Take back what stands on the film in the frame. */
  retract() {
    const name = this.#film();
    if (name === null) return;
    if (this.states.of(name).decision === null) {
      this.notices.warn("This film has no decision to take back.");
      return;
    }
    this.#add([opened(name)]);
    this.notices.announce("Taken back: this film is open again.");
  }

  async note() {
    const name = this.#film();
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
    if (this.#film() === null) return;
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
      this.notices.warn("Nothing was kept: this page had only just appeared. Press again.");
      return false;
    }
    if (this.queue.pages >= PAGES_AHEAD) {
      this.notices.warn("Nothing was kept: the pages before this one are not saved yet. Press again when they are.");
      return false;
    }
    return true;
  }

  /** The film in the frame; where there is none, the page says so. */
  #film() {
    const { name } = this.grid;
    if (name === null) this.notices.warn(`Nothing was decided: ${this.nothingShown()}`);
    return name;
  }

  /** Why there is no film in the frame. */
  nothingShown = () => "";

  /**
   * @param {string} reason
   * @returns {boolean} whether there is a film on the screen to exclude
   */
  #exclude(reason) {
    const name = this.#film();
    if (name === null) return false;
    if (!this.grid.isDisplayed(name) && !this.grid.isBroken(name)) {
      this.notices.warn("Nothing was decided: this film is not on the screen yet. Press again.");
      return false;
    }
    const shown = this.states.of(name);
    if (shown.decision === "exclude" && shown.reason === reason) this.notices.warn("This film is excluded for that reason already.");
    else if (reason === OTHER && (shown.note === "" || shown.decision === "keep")) void this.#excludeForOther(name);
    else this.#excludeAs(name, reason, shown.note);
    return true;
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
   * Send decisions, and remember how they are undone.
   *
   * @param {NewDecision[]} decisions
   * @param {boolean} [undecidedOnly]
   */
  #add(decisions, undecidedOnly = false) {
    const { view, listed, page } = this.navigation;
    const place = { view, listed, from: page?.from ?? 0 };
    const before = decisions.map(({ film }) => this.#standing(film));
    this.queue.add(decisions, { undecidedOnly });
    this.history.push({
      undo: () => this.#instead(decisions, before, place, false),
      redo: () => this.#instead(before, decisions, place, undecidedOnly),
    });
  }

  /**
   * What is sent to say of a film what is said of it now.
   *
   * @param {string} film
   * @returns {NewDecision}
   */
  #standing(film) {
    const { decision, reason, note } = this.states.of(film);
    return decision === null ? opened(film) : { film, decision, reason, note };
  }

  /**
   * Undo or redo: new decisions on the films on which those before them still stand.
   *
   * @param {NewDecision[]} stand
   * @param {NewDecision[]} decisions
   * @param {Place} place
   * @param {boolean} undecidedOnly
   * @returns {boolean} whether there are any such films
   */
  #instead(stand, decisions, { view, listed, from }, undecidedOnly) {
    const same = decisions.filter(({ film }, index) => JSON.stringify(this.#standing(film)) === JSON.stringify(stand[index]));
    if (same.length === 0) return false;
    this.queue.add(same, { undecidedOnly });
    const here = this.grid.names.indexOf(same[0].film);
    const inFrame = same.length === 1 && here >= 0 && here === this.grid.index;
    if (here >= 0) this.grid.focus(here);
    else if (view === "queue") void this.navigation.open(view, { from }, { film: same[0].film }, listed);
    const text = standingText(same);
    if (inFrame) this.notices.announce(text);
    else this.notices.warn(text);
    return true;
  }
}

/**
 * @param {string} film
 * @returns {NewDecision}
 */
function opened(film) {
  return { film, decision: "retract", reason: "", note: "" };
}

/** How films stand after an undo or a redo. @param {NewDecision[]} decisions of one kind */
function standingText(decisions) {
  const films = count(decisions.length, "film is", "films are");
  const kinds = new Set(decisions.map(({ decision }) => decision));
  const [{ decision, reason }] = decisions;
  if (kinds.size > 1) return `Undone: ${count(decisions.length, "film stands", "films stand")} as before.`;
  if (decision === "retract") return `Taken back: ${films} open again.`;
  if (decision === "keep") return `${films} kept again.`;
  return `${films} excluded again${decisions.length === 1 ? `: ${reasonText(reason)}` : ""}.`;
}
