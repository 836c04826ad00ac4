// The adjudication page: puts the parts together, and does what the keys ask for.

import { askNote } from "../shared/dialogs.js";
import { byId, element } from "../shared/dom.js";
import { nothingToJudge } from "../shared/empty_state.js";
import { keyName } from "../shared/keys.js";
import { startPage } from "../shared/page.js";
import { adjudicationTask } from "../shared/tasks.js";
import { WorklistPage } from "../shared/worklist_page.js";
import { VERDICTS, VERDICT_TEXTS, adjudicateApi } from "./api.js";
import { showExpectation } from "./expectation.js";
import { PairView } from "./pair_view.js";
import { VerdictPanel } from "./verdict_panel.js";

/** @typedef {import("../shared/worklist.js").Shown} Shown */

/** How often the adjudicator's page asks whether others have come to differ. */
const LOOK_AGAIN_MS = 5000;
const NOTE_HINT =
  "What is alike, or what differs? It may stay empty. It is saved with the verdict, in the log alone. Write no names.";
const SETTINGS = {
  storage: "audit",
  films: "pair",
  subject: "pair",
  noun: "verdict",
  mouse: "With the mouse: the wheel zooms, a drag moves, a right drag changes window and level, a double click fits the films.",
};

/** @type {import("../shared/list_tools.js").Choice[]} */
const CHOICES = [
  { name: "not judged", holds: ({ verdict }) => verdict === null },
  ...VERDICTS.map((given) => ({
    name: VERDICT_TEXTS[given],
    holds: (/** @type {any} */ { verdict }) => verdict === given,
  })),
  { name: "with a note", holds: ({ note }) => note !== "" },
  { name: "without a note", holds: ({ note }) => note === "" },
];

class AdjudicatePage extends WorklistPage {
  actions = {
    choice: (/** @type {number} */ number) => this.#judge(VERDICTS[number - 1]),
    retract: () => {
      this.retract("There is no verdict of yours on this pair.");
      this.#drafts.delete(this.list.current?.name ?? "");
    },
    note: () => void this.#note(),
    left: () => this.previous(),
    right: () => this.next(),
    previous: () => this.previous(),
    next: () => this.next(),
    other: () => this.notices.warn(`The other film takes its place in the flicker alone: ${keyName("view")} goes there.`),
    "as-generated": () => this.notices.warn("The synthetic film is shown as it was generated, the real film as it is."),
  };
  /** @type {Map<string, string>} notes that wait for their verdict, by pair */
  #drafts = new Map();

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start, "verdict", CHOICES);
    showExpectation(byId("expectation"), this.setup.expectation);
    this.pair = new PairView(byId("pair"), this.images);
    this.view = this.pair;
    byId("expectation").append(element("div", { class: "expectation-tools" }, this.tools.host, this.pair.tools.host));
    this.panel = new VerdictPanel(byId("header"), byId("footer"), this.setup, this.act);
    // Others may have come to differ meanwhile.
    setInterval(() => this.setup.adjudicates && this.lookAgain(), LOOK_AGAIN_MS);
  }

  task() {
    return adjudicationTask(this.setup);
  }

  /** @param {string} action */
  perform(action) {
    super.perform(action);
    this.panel.showMode(this.pair.mode);
  }

  draw() {
    super.draw();
    const { current, index, size } = this.list;
    this.panel.showPair(index, size, current, this.#draftOf(current));
    this.panel.showProgress(this.api.progress.value, this.queue.size);
    this.panel.showMode(this.pair.mode);
  }

  /** @param {Shown} shown */
  statementOf({ name, verdict, note }) {
    return { pair: name, verdict: verdict ?? "retract", note };
  }

  /** @param {import("./api.js").NewVerdict} statement */
  savedText({ verdict }) {
    return verdict === "retract" ? "Taken back: this pair has no verdict of yours." : `Saved: ${VERDICT_TEXTS[verdict]}.`;
  }

  /** @param {import("./api.js").NewVerdict} statement */
  refusedText({ verdict }) {
    return `Not saved, and so not judged: ${verdict === "retract" ? "a verdict taken back" : VERDICT_TEXTS[verdict]}.`;
  }

  nothingWaits() {
    return nothingToJudge(this.list, this.api.progress.value, this.setup.adjudicates);
  }

  /** @param {Shown} pair */
  filmsOf({ real, synthetic }) {
    return [real, synthetic];
  }

  /** A note that waits for a verdict; it waits again when that is undone. @param {Shown|null} pair */
  #draftOf(pair) {
    return pair?.verdict === null ? (this.#drafts.get(pair.name) ?? "") : "";
  }

  /** @param {import("./api.js").Verdict} verdict */
  #judge(verdict) {
    const current = this.ready("judged");
    if (current === null) return;
    const note = this.#draftOf(current) || current.note;
    if (current.verdict === verdict && current.note === note) {
      const given = `That is your verdict already: ${VERDICT_TEXTS[verdict]}.`;
      this.notices.warn(current.saving ? "That verdict is on its way." : given);
      return;
    }
    this.pair.look("side");
    this.say(this.statementOf({ ...current, verdict, note }));
  }

  async #note() {
    const { current } = this.list;
    if (current === null) {
      this.notices.warn(`Nothing was done: ${this.nothingShown}`);
      return;
    }
    this.pair.look("side");
    const { name } = current;
    const before = this.#draftOf(current);
    const text = await askNote("this pair", before || current.note, NOTE_HINT);
    const now = this.list.current;
    if (text === null || now?.name !== name) return;
    if (now.verdict === null) this.#draft(name, before, text);
    else if (text !== now.note) this.say(this.statementOf({ ...now, note: text }), false);
    this.draw();
  }

  /**
   * A note that waits for its verdict.
   *
   * @param {string} name
   * @param {string} before
   * @param {string} note
   */
  #draft(name, before, note) {
    const set = (/** @type {string} */ text) => {
      if (!this.goTo(name) || this.list.current?.verdict !== null) return false;
      this.#drafts.set(name, text);
      this.draw();
      this.notices.warn(text ? `Note, which waits for the verdict: ${text}` : "No note waits for the verdict.");
      return true;
    };
    this.#drafts.set(name, note);
    this.history.push({ undo: () => set(before), redo: () => set(note) });
  }
}

await startPage(AdjudicatePage, SETTINGS, adjudicateApi());
