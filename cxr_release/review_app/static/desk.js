// What a reviewer can decide, and the rules that keep a slip of the hand from deciding.

import { code, count } from "./words.js";

/** @typedef {import("./api.js").Wish} Wish */
/** @typedef {import("./api.js").View} View */

/** Pages that Enter may be ahead of the server. */
const PAGES_AHEAD = 2;
/** The reason that says nothing without a note. */
const OTHER = "other";
/** Decisions that can be taken back one after the other. */
const REMEMBERED = 500;

export class Desk {
  /** @type {{names: string[], view: View, from: number}[]} */
  #made = [];

  /**
   * @param {object} parts
   * @param {import("./api.js").Setup} parts.setup
   * @param {import("./outbox.js").Outbox} parts.outbox
   * @param {import("./standings.js").Standings} parts.standings
   * @param {import("./grid.js").Grid} parts.grid
   * @param {import("./journey.js").Journey} parts.journey
   * @param {import("./habits.js").Habits} parts.habits
   * @param {import("./notices.js").Notices} parts.notices
   * @param {(title: string, note: string) => Promise<string|null>} parts.askNote
   * @param {() => void} parts.askReason
   */
  constructor({ setup, outbox, standings, grid, journey, habits, notices, askNote, askReason }) {
    this.setup = setup;
    this.outbox = outbox;
    this.standings = standings;
    this.grid = grid;
    this.journey = journey;
    this.habits = habits;
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
    this.habits.lastReason = reason.code;
    this.#exclude(reason.code);
  }

  excludeAgain() {
    const name = this.grid.name;
    if (name === null) return;
    if (this.standings.of(name).decision === "exclude") {
      this.notices.warn("This film is excluded already; a digit gives it another reason.");
      return;
    }
    const known = this.setup.reasons.some(({ code: one }) => one === this.habits.lastReason);
    if (known) this.#exclude(this.habits.lastReason);
    else this.askReason();
  }

  facing() {
    if (this.setup.facing === null) this.notices.warn("The list of reasons has none for a wrong facing.");
    else this.#exclude(this.setup.facing);
  }

  keep() {
    const name = this.grid.name;
    if (name === null || this.standings.of(name).decision === "keep") return;
    if (!this.grid.isDisplayed(name)) {
      this.notices.warn("This film is not on the screen, so it cannot be kept.");
      return;
    }
    this.#put([{ film: name, decision: "keep", reason: "", note: "" }]);
    this.notices.say("Kept.");
  }

  takeBack() {
    const name = this.grid.name;
    if (name !== null && this.standings.of(name).decision !== null) {
      this.#retract([name]);
      this.notices.say("Taken back: this film is open again.");
      return;
    }
    for (let last = this.#made.pop(); last !== undefined; last = this.#made.pop()) {
      const names = last.names.filter((one) => this.standings.of(one).decision !== null);
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
    const shown = this.standings.of(name);
    if (shown.decision !== "exclude") {
      this.notices.warn("A note belongs to an exclusion: give the reason first.");
      return;
    }
    const note = await this.askNote(code(shown.reason), shown.note);
    const now = this.standings.of(name);
    if (note === null || now.decision !== "exclude" || note === now.note) return;
    if (now.reason === OTHER && note === "") {
      this.notices.warn("The note stays as it was: this reason says nothing without one.");
      return;
    }
    this.#put([{ film: name, decision: "exclude", reason: now.reason, note }]);
    this.notices.say(note ? "Note added." : "Note removed.");
  }

  /** Keep all the rest of the page and go on; in the other views only go on. */
  goOn() {
    if (this.journey.view !== "queue") {
      if (!this.journey.next()) this.notices.warn("This is the last page.");
      return;
    }
    if (this.grid.names.length === 0) return;
    const open = this.grid.names.filter((name) => this.standings.of(name).decision === null);
    if (open.length > 0 && !this.#mayKeep(open)) return;
    const seen = open.filter((name) => this.grid.isDisplayed(name));
    if (seen.length > 0) {
      this.#put(seen.map((film) => ({ film, decision: "keep", reason: "", note: "" })), true);
      this.notices.say(`${count(seen.length, "film")} kept.`);
    }
    if (seen.length < open.length) {
      const left = count(open.length - seen.length, "film");
      this.notices.warn(`${left} could not be shown and stayed undecided: exclude them, or tell whoever runs this page.`);
    }
    if (!this.journey.next()) this.finish();
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
    if (this.outbox.pages >= PAGES_AHEAD) {
      this.notices.warn("Nothing was kept: the pages before this one are not saved yet. Press Enter again when they are.");
      return false;
    }
    return true;
  }

  /** @param {string} reason */
  #exclude(reason) {
    const name = this.grid.name;
    if (name === null) return;
    const shown = this.standings.of(name);
    if (shown.decision === "exclude" && shown.reason === reason) return;
    if (reason === OTHER && shown.note === "") void this.#excludeForOther(name);
    else this.#excludeAs(name, reason, shown.note);
  }

  /** @param {string} name */
  async #excludeForOther(name) {
    const note = await this.askNote(code(OTHER), "");
    if (note) this.#excludeAs(name, OTHER, note);
    else this.notices.warn("Nothing was decided: this reason says nothing without a note.");
  }

  /**
   * @param {string} name
   * @param {string} reason
   * @param {string} note
   */
  #excludeAs(name, reason, note) {
    this.#put([{ film: name, decision: "exclude", reason, note }]);
    this.notices.say(`Excluded: ${code(reason)}.`);
  }

  /**
   * @param {Wish[]} wishes
   * @param {boolean} [undecidedOnly]
   */
  #put(wishes, undecidedOnly = false) {
    const from = this.journey.page?.from ?? 0;
    this.#made.push({ names: wishes.map(({ film }) => film), view: this.journey.view, from });
    if (this.#made.length > REMEMBERED) this.#made.shift();
    this.outbox.put(wishes, { undecidedOnly });
  }

  /** @param {string[]} names */
  #retract(names) {
    this.outbox.put(names.map((film) => ({ film, decision: "retract", reason: "", note: "" })));
  }

  /**
   * @param {{view: View, from: number}} place
   * @param {string[]} names
   */
  #returnTo({ view, from }, names) {
    const what = names.length === 1 ? "Taken back: 1 film is open again." : `Taken back: ${count(names.length, "film")} are open again.`;
    const here = this.grid.names.indexOf(names[0]);
    if (here >= 0) this.grid.focus(here);
    else if (view === "queue") void this.journey.open(view, { from }, { film: names[0] });
    this.notices.warn(what);
  }
}
