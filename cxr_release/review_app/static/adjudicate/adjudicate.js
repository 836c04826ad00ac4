// The adjudication page: puts the parts together, and does what the keys ask for.

import { askNote } from "../shared/dialogs.js";
import { byId, element } from "../shared/dom.js";
import { nothingToJudge } from "../shared/empty_state.js";
import { ADJUDICATE_KEYS, keyName } from "../shared/keys.js";
import { firstVisit } from "../shared/first_visit.js";
import { ListTools } from "../shared/list_tools.js";
import { adjudicationTask } from "../shared/tasks.js";
import { PageController, startPage } from "../shared/page.js";
import { AdjudicateApi, VERDICT_TEXTS } from "./api.js";
import { showExpectation } from "./expectation.js";
import { PairList } from "./pair_list.js";
import { PairView } from "./pair_view.js";
import { VerdictPanel } from "./verdict_panel.js";

/** @typedef {import("./api.js").Verdict} Verdict */
/** @typedef {Verdict|"retract"} NewVerdict */

/** How often the adjudicator's page asks whether others have come to differ. */
const LOOK_AGAIN_MS = 5000;
/** Pairs whose films are fetched ahead. */
const AHEAD = 3;
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
  ...["copy", "not-a-copy", "unsure"].map((given) => ({
    name: VERDICT_TEXTS[given],
    holds: (/** @type {any} */ { verdict }) => verdict === given,
  })),
  { name: "with a note", holds: ({ note }) => note !== "" },
  { name: "without a note", holds: ({ note }) => note === "" },
];

class AdjudicatePage extends PageController {
  keys = ADJUDICATE_KEYS;
  actions = {
    copy: () => this.#judge("copy"),
    "not-a-copy": () => this.#judge("not-a-copy"),
    unsure: () => this.#judge("unsure"),
    retract: () => this.#retract(),
    note: () => void this.#note(),
    previous: () => this.#previous(),
    next: () => this.#next(),
    find: () => this.tools.codeBox.focus(),
    "as-generated": () => this.notices.warn("The synthetic film is shown as it was generated, the real film as it is."),
  };
  /** @type {Map<string, string>} notes that wait for their verdict, by pair */
  #drafts = new Map();
  /** @type {string|null} the pair whose first verdict is on its way: once it is there, the page goes on */
  #leaving = null;
  /** Whether it is said that no pair is left. */
  #resting = false;

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start);
    this.pairs = new PairList(this.queue);
    showExpectation(byId("expectation"), this.setup.expectation);
    this.view = new PairView(byId("pair"), this.images);
    this.tools = new ListTools({
      api: this.api,
      notices: this.notices,
      noun: "pair",
      key: keyName(ADJUDICATE_KEYS, "find"),
      choices: CHOICES,
      list: this.pairs,
      show: (place) => this.#show(place),
    });
    byId("expectation").append(element("div", { class: "expectation-tools" }, this.tools.host, this.view.tools.host));
    this.panel = new VerdictPanel(byId("header"), byId("footer"), this.setup, this.act);
    this.api.progress.addEventListener("change", () => {
      this.draw();
      this.#lookAgain();
    });
    // Others may have come to differ meanwhile.
    setInterval(() => this.setup.adjudicates && this.#lookAgain(), LOOK_AGAIN_MS);
  }

  async open() {
    await this.#list();
    this.draw();
    const known = this.pairs.records.some(({ verdict }) => verdict !== null);
    const card = adjudicationTask(this.setup, (action) => keyName(this.keys, action));
    await firstVisit({ room: this.room, emptyState: this.emptyState, card, known });
    await this.#goOn();
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.pairs.current !== null && this.view.act(action);
  }

  /** @param {string} action */
  perform(action) {
    super.perform(action);
    this.panel.showMode(this.view.mode);
  }

  draw() {
    const { current, index, size } = this.pairs;
    this.panel.showPair(index, size, current, (current && this.#drafts.get(current.name)) ?? "");
    this.panel.showProgress(this.api.progress.value, this.queue.size);
    this.tools.draw();
    this.panel.showMode(this.view.mode);
  }

  /**
   * @param {import("./api.js").Answer} answer
   * @param {{verdict: NewVerdict}[]} verdicts
   */
  saved({ pair }, [{ verdict }]) {
    this.pairs.update(pair);
    if (this.pairs.current?.name !== pair.name || this.queue.latest(pair.name) !== null) return;
    const text = verdict === "retract" ? "Taken back: this pair has no verdict of yours." : `Saved: ${VERDICT_TEXTS[verdict]}.`;
    if (this.#leaving === pair.name) {
      this.notices.announce(text);
      void this.#goOn();
    } else {
      this.notices.warn(text);
    }
  }

  /**
   * @param {{verdict: NewVerdict}[]} verdicts
   * @param {string} message
   */
  refused([{ verdict }], message) {
    const what = verdict === "retract" ? "a verdict taken back" : VERDICT_TEXTS[verdict];
    this.notices.banner("refused", `Not saved, and so not judged: ${what}. The server says: ${message}`, () => {});
    this.#leaving = null;
    const name = this.pairs.current?.name;
    void this.#list().then(() => {
      if (this.pairs.current === null) return this.#goOn();
      // Who has judged again meanwhile, or has gone on, is left where they are.
      if (this.pairs.current.name === name && this.queue.latest(name) === null) this.#show(this.pairs.index);
      else this.draw();
    });
  }

  /** @param {import("./api.js").Answer} answer */
  savedElsewhere({ pair }) {
    this.pairs.update(pair);
  }

  returned() {
    this.#lookAgain();
    if (this.pairs.current === null) return;
    this.pairs.load(() => this.api.pairs()).then(
      () => {
        if (this.pairs.current === null) void this.#goOn();
        else this.draw();
      },
      () => {},
    );
  }

  /** @param {number} place outside of the pairs: none */
  #show(place) {
    const { pairs } = this;
    pairs.select(place);
    this.#leaving = null;
    this.#resting = false;
    const near = [0, 1, -1].map((step) => pairs.at(pairs.index + step));
    for (let ahead = pairs.index, count = 0; count < AHEAD; count += 1) {
      ahead = pairs.nextUnjudged(ahead);
      near.push(pairs.at(ahead));
    }
    this.images.prefetch(near.flatMap((pair) => (pair ? [pair.real, pair.synthetic] : [])));
    if (pairs.current) this.emptyState.hide();
    this.view.show(pairs.current);
    this.draw();
  }

  #previous() {
    const place = this.tools.near(this.pairs.current === null ? this.pairs.size : this.pairs.index, -1);
    if (place >= 0) this.#show(place);
    else this.notices.warn(`There is no pair before this one${this.tools.all ? "" : " in this list"}.`);
  }

  #next() {
    const { current, index } = this.pairs;
    if (current === null) return;
    const place = this.tools.near(index, 1);
    if (place >= 0) this.#show(place);
    else if (!this.tools.all) this.notices.warn("This is the last pair of this list.");
    else if (this.pairs.nextUnjudged(index) < 0) void this.#goOn();
    else this.notices.warn("This is the last pair; those before it that have no verdict still wait.");
  }

  /** @param {Verdict} verdict */
  #judge(verdict) {
    const { current } = this.pairs;
    if (current === null) return;
    if (!this.view.ready) {
      this.notices.warn(
        this.view.broken
          ? "Nothing was judged: a film of this pair cannot be shown. → goes on; tell whoever runs this page."
          : "Nothing was judged: this pair had only just appeared. Press again.",
      );
      return;
    }
    const note = this.#drafts.get(current.name) ?? current.note;
    if (current.verdict === verdict && current.note === note) {
      const given = `That is your verdict already: ${VERDICT_TEXTS[verdict]}.`;
      this.notices.warn(current.saving ? "That verdict is on its way." : given);
      return;
    }
    this.view.look("side");
    if (current.verdict === null) this.#leaving = current.name;
    this.#drafts.delete(current.name);
    this.queue.add([{ pair: current.name, verdict, note }]);
  }

  #retract() {
    const { current } = this.pairs;
    if (current === null) return;
    if (current.verdict === null) {
      this.notices.warn("There is no verdict of yours on this pair.");
      return;
    }
    this.#leaving = null;
    this.queue.add([{ pair: current.name, verdict: "retract", note: "" }]);
  }

  async #note() {
    const { current } = this.pairs;
    if (current === null) return;
    this.view.look("side");
    const { name } = current;
    const text = await askNote("this pair", this.#drafts.get(name) ?? current.note, NOTE_HINT);
    const now = this.pairs.current;
    if (text === null || now?.name !== name) return;
    if (now.verdict === null) this.#drafts.set(name, text);
    else if (text !== now.note) this.queue.add([{ pair: name, verdict: now.verdict, note: text }]);
    this.draw();
  }

  /** The list as the server has it now, however long that takes. */
  #list() {
    return this.untilAnswered(() => this.pairs.load(() => this.api.pairs()));
  }

  /** On to the next pair without a verdict; when there is none, see whether any has come. */
  async #goOn() {
    this.#resting = false;
    let next = this.pairs.nextUnjudged(this.pairs.index);
    if (next < 0) {
      this.pairs.select(-1);
      this.view.show(null);
      await this.#list();
      next = this.pairs.nextUnjudged(-1);
    }
    this.#show(next);
    this.#resting = this.pairs.current === null;
    if (this.#resting) this.emptyState.show(nothingToJudge(this.pairs, this.api.progress.value, this.setup.adjudicates));
  }

  /** See whether what is said in place of the films still holds. */
  #lookAgain() {
    if (this.#resting && this.api.trouble === null) void this.#goOn();
  }
}

await startPage(AdjudicatePage, SETTINGS, new AdjudicateApi());
