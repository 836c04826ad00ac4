// The screening page: puts the parts together, and does what the keys ask for.

import { askNote } from "../shared/dialogs.js";
import { byId } from "../shared/dom.js";
import { allDecided, noAnswer, nothingListed, savingDecisions } from "../shared/empty_state.js";
import { count, reasonText } from "../shared/format.js";
import { CodeBox } from "../shared/code_box.js";
import { firstVisit } from "../shared/first_visit.js";
import { controlName, keyName, unlist } from "../shared/keys.js";
import { gridLayout, nextSize } from "../shared/layout.js";
import { PageController, startPage } from "../shared/page.js";
import { screeningTask } from "../shared/tasks.js";
import { ReviewApi } from "./api.js";
import { DecisionState } from "./decision_state.js";
import { Decisions } from "./decisions.js";
import { Enlarged } from "./enlarged.js";
import { Facings } from "./facings.js";
import { Findings, findingsText } from "./findings.js";
import { Grid } from "./grid.js";
import { ALL, ListFilter, isAll } from "./list_filter.js";
import { Preview, ReasonMenu } from "./mouse.js";
import { PageNavigation } from "./page_navigation.js";
import { Preferences } from "./preferences.js";
import { Sidebar } from "./sidebar.js";
import { Thumbnails } from "./thumbnails.js";
import { readUrl, writeFilm } from "./url_state.js";

/** @typedef {import("./api.js").View} View */
/** @typedef {import("./api.js").NewDecision} NewDecision */

const SETTINGS = {
  storage: "review",
  films: "grid",
  subject: "film",
  noun: "decision",
  mouse: "With the mouse: a click moves the frame, a right click offers the reasons, a double click enlarges.",
  touch: [
    ["left", "‹ Film"],
    ["right", "Film ›"],
  ],
};
const NOTE_HINT =
  "What stands out? It may stay empty. Notes stay in the log and are no part of a release. Write no names.";
/** Refused decisions that a banner names before it only counts them. */
const REFUSALS_TOLD = 3;
const RESIZE_REST_MS = 150;
/** In the view of one's decisions there are lines under each film, and so fewer films; on a tablet, too. */
const CAPTION_PX = 40;
const FEW = 12;

class ReviewPage extends PageController {
  actions = {
    choice: (/** @type {number} */ number) => this.decisions.excludeFor(number - 1),
    exclude: () => this.decisions.excludeAgain(),
    facing: () => this.decisions.facing(),
    mirror: () => {
      if (this.grid.name === null) this.notices.warn(`Nothing was decided: ${this.nothingShown}`);
      else void this.facings.toggle(this.grid.name);
    },
    keep: () => this.decisions.keep(),
    retract: () => this.decisions.retract(),
    note: () => void this.decisions.note(),
    findings: () => void this.#askFindings(),
    "go-on": () => {
      if (!this.enlarged.isOpen) this.decisions.goOn();
      else this.notices.warn(`The rest of a page is kept only while the page is on the screen: ${controlName("Back", "close")} first.`);
    },
    left: () => this.#step(-1, -1),
    right: () => this.#step(1, 1),
    up: () => this.#step(-this.grid.columns, -1),
    down: () => this.#step(this.grid.columns, 1),
    first: () => this.grid.focus(0),
    last: () => this.grid.focus(this.grid.names.length - 1),
    previous: () => this.#warnUnless(this.navigation.previous(), "This is the first page."),
    next: () => this.#warnUnless(this.navigation.next(), "This is the last page."),
    enlarge: () => this.#enlarge(),
    close: () => this.enlarged.close(),
    preview: () => this.#togglePreviews(),
    "zoom-in": () => this.#changeSize(1),
    "zoom-out": () => this.#changeSize(-1),
  };
  /** @type {string[]} refusals that the reviewer has not yet acknowledged */
  #refusals = [];
  /** Whether the end of the queue is reached, and the last decisions are on their way. */
  #finishing = false;
  /** Whether a page is waited for. */
  #waiting = false;
  /** Whether the films of the pages before and after this one are known. */
  #aheadKnown = false;

  /** @param {import("../shared/page.js").Start} start */
  constructor(start) {
    super(start);
    const { api, setup, notices, queue, history } = this;
    this.thumbnails = new Thumbnails(api, setup.thumbnails ?? [], this.images);
    const { images } = this.thumbnails;
    this.images = images;
    this.states = new DecisionState(queue);
    this.preferences = new Preferences(setup.reviewer);
    this.facings = new Facings(api, notices, history);
    this.findings = new Findings(api, notices, history, setup.findings);
    for (const noted of [this.facings, this.findings]) noted.said = (name, text) => this.#said(name, text);
    this.grid = new Grid(byId("grid"), images, this.states);
    this.grid.isMirrored = (name) => this.facings.has(name);
    this.navigation = new PageNavigation({ api, images, states: this.states, grid: this.grid, films: setup.films });
    this.enlarged = new Enlarged(byId("enlarged"), this.grid, this.thumbnails, this.states);
    this.preview = new Preview(this.grid, this.thumbnails, () => this.preferences.previews && !this.enlarged.isOpen);
    this.menu = new ReasonMenu(setup.reasons, (place) => this.act(`choice-${place + 1}`));
    this.filter = new ListFilter(setup.reasons);
    this.codeBox = new CodeBox({
      api,
      notices,
      noun: "film",
      leave: () => this.#focusFilm(),
      show: ({ name, from }) => void this.navigation.open("queue", { from }, { film: name }, ALL),
    });
    this.sidebar = new Sidebar(byId("sidebar"), setup, this.act, this.filter.host, this.codeBox.host);
    const { states, grid, navigation, preferences } = this;
    this.decisions = new Decisions({
      setup,
      queue,
      states,
      grid,
      navigation,
      preferences,
      notices,
      history,
      askNote: (title, note) => this.#askNote(title, note),
      askReason: () => this.#askReason(),
    });
    if (this.setup.facing === null) unlist("facing");
    this.decisions.finish = () => this.#finish();
    this.decisions.nothingShown = () => this.nothingShown;
    this.sidebar.showLast(preferences.lastReason);
    this.sidebar.showView(readUrl().view, true);
    this.facings.addEventListener("change", () => this.draw());
    this.findings.addEventListener("change", () => this.draw());
    this.#listenToGrid();
    this.#listenToNavigation();
    this.#listenToWindow();
    api.progress.addEventListener("change", () => {
      this.#showProgress();
      // What is said in place of the films may hold no more.
      const rests = !this.#finishing && queue.size === 0;
      if (rests && navigation.page?.films.length === 0) void navigation.reload();
    });
    api.addEventListener("change", () => {
      if (api.trouble === null) navigation.refresh();
    });
  }

  async open() {
    await this.untilAnswered(() => this.api.films("queue", 1, {}));
    await Promise.all([this.facings.load(), this.findings.load()]);
    const known = this.api.progress.value?.done > 0;
    await firstVisit({ room: this.room, emptyState: this.emptyState, card: this.task(), known });
    if (this.navigation.page !== null) return; // a link has led to films
    const { view, from, listed } = readUrl();
    await this.navigation.open(view, { from }, { film: null }, listed);
  }

  task() {
    return screeningTask(this.setup);
  }

  /** @returns {"grid"|"viewer"} */
  get where() {
    return this.enlarged.isOpen ? "viewer" : "grid";
  }

  /** @param {string} action */
  filmsAct(action) {
    return this.enlarged.isOpen && this.enlarged.viewer.act(action);
  }

  /** @param {string} action */
  perform(action) {
    this.menu.close();
    this.preview.close();
    super.perform(action);
    this.sidebar.showLast(this.preferences.lastReason);
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    if (this.menu.isOpen && ["Escape", "Enter", " "].includes(event.key)) {
      event.preventDefault();
      this.menu.close();
    } else super.keyDown(event);
  }

  draw() {
    for (const name of this.grid.names) this.grid.update(name);
    this.#drawFilm();
    this.#showProgress();
    if (this.#finishing && this.queue.size === 0) this.#finish();
  }

  /** @param {import("./api.js").Answer} answer */
  saved({ films }) {
    this.states.update(films);
    this.navigation.forgetLists();
  }

  /** @param {import("./api.js").Answer} answer */
  savedElsewhere(answer) {
    this.saved(answer);
  }

  /**
   * @param {NewDecision[]} decisions
   * @param {string} message
   */
  refused(decisions, message) {
    const told = this.#refusals;
    told.push(decisions.length === 1 ? nounOf(decisions[0]) : count(decisions.length, "decision"));
    const more = told.length > REFUSALS_TOLD ? ` and ${told.length - REFUSALS_TOLD} more` : "";
    const what = told.slice(0, REFUSALS_TOLD).join("; ") + more;
    this.notices.banner("refused", `Not saved, and so not decided: ${what}. The server says: ${message}`, () => {
      this.#refusals = [];
    });
    this.#finishing = false;
    void this.navigation.reload();
  }

  /** Any answer says how far the reviewer is. */
  returned() {
    this.api.films("queue", 1, {}).catch(() => {});
  }

  /**
   * @param {boolean} done
   * @param {string} text
   */
  #warnUnless(done, text) {
    if (!done) this.notices.warn(text);
  }

  /**
   * To another film of the page.
   *
   * @param {number} onPage how many films on
   * @param {1|-1} enlarged the same, where a film alone is on the screen
   */
  #step(onPage, enlarged) {
    const { grid } = this;
    const index = grid.index + onPage;
    if (!this.enlarged.isOpen) {
      if (index >= 0 && index < grid.names.length) grid.focus(index);
    } else if (!this.enlarged.move(enlarged)) {
      const onward = `This is the last film of the page: ${controlName("Back", "close")} leads to the page.`;
      this.notices.warn(enlarged < 0 ? "This is the first film of the page." : onward);
    }
  }

  #enlarge() {
    if (this.enlarged.isOpen) this.enlarged.close();
    else if (this.grid.name === null) this.notices.warn(`Nothing was done: ${this.nothingShown}`);
    else this.enlarged.open();
  }

  /**
   * What was saved of a film, aloud; for the eye too, where the film is not in the frame.
   *
   * @param {string} name
   * @param {string} text
   */
  #said(name, text) {
    const place = this.grid.names.indexOf(name);
    if (place >= 0 && place !== this.grid.index) this.grid.focus(place);
    if (place >= 0) this.notices.announce(text);
    else this.notices.warn(`Of a film that is not on this page: ${text}`);
  }

  /** @param {1|-1} way larger or smaller */
  #changeSize(way) {
    const { preferences, navigation } = this;
    const size = nextSize(preferences.size, way, (steps) => this.#measure(navigation.view, steps));
    if (size === null) {
      this.notices.warn(`Films on a page do not get ${way > 0 ? "larger" : "smaller"}.`);
      return;
    }
    preferences.size = size;
    void navigation.resize();
  }

  #togglePreviews() {
    const on = !this.preferences.previews;
    this.preferences.previews = on;
    this.notices.warn(on ? "A resting mouse shows a larger film." : "Larger films under the mouse are off.");
  }

  /**
   * @param {string} title
   * @param {string} note
   */
  async #askNote(title, note) {
    const answer = await askNote(title, note, NOTE_HINT);
    this.#focusFilm();
    return answer;
  }

  async #askFindings() {
    const { index, name, names } = this.grid;
    if (name === null) {
      this.notices.warn(`Nothing was done: ${this.nothingShown}`);
      return;
    }
    if (!this.grid.isDisplayed(name)) {
      this.notices.warn("This film is not on the screen, so nothing can be seen on it.");
      return;
    }
    await this.findings.ask(name, `film ${index + 1} of ${names.length}`);
    this.#focusFilm();
  }

  /** After a small window: the keys are the film's again. */
  #focusFilm() {
    if (this.enlarged.isOpen) this.enlarged.move(0);
    else this.grid.focus(this.grid.index);
  }

  #askReason() {
    const box = this.grid.boxOf(this.grid.index);
    if (box) this.menu.open(box.left + box.width / 2, box.top + box.height / 2);
    this.notices.warn(`Which reason? Press its digit; ${keyName("exclude")} then gives it again.`);
  }

  #drawFilm() {
    const { index, name, names } = this.grid;
    this.sidebar.showFilm(index, names.length, name === null ? null : this.states.of(name));
    this.sidebar.showFindings(name === null ? "" : findingsText(this.findings.of(name)));
    this.enlarged.update();
  }

  #showProgress() {
    this.sidebar.showProgress(this.api.progress.value, this.queue.size);
  }

  /** The queue has no further page. */
  #finish() {
    const { grid, navigation } = this;
    this.#finishing = this.queue.size > 0;
    if (this.#finishing) {
      grid.show([], 0); // no key decides on a film that is out of sight
      this.emptyState.show(savingDecisions(this.queue.size));
      return;
    }
    void navigation.open("queue", {}, "first", ALL).then(() => {
      if (grid.names.some((name) => !grid.isBroken(name))) {
        this.notices.warn("These films were passed over and are still to be decided.");
      }
    });
  }

  /** Whether a page change could do without the server; nothing but our tests reads it. */
  #noteAhead() {
    this.grid.host.dataset.ahead = this.#aheadKnown && this.images.complete ? "here" : "coming";
  }

  #listenToGrid() {
    const { grid } = this;
    grid.addEventListener("focusfilm", () => {
      if (grid.name !== null) writeFilm(grid.name);
      this.#drawFilm();
    });
    grid.addEventListener("enlarge", () => this.act("enlarge"));
    grid.addEventListener("menu", (event) => {
      const { x, y } = /** @type {CustomEvent} */ (event).detail;
      this.preview.close();
      this.menu.open(x, y);
    });
    grid.addEventListener("retry", () => {
      if (grid.name !== null) this.images.retry(grid.name);
    });
  }

  #listenToNavigation() {
    const { grid, navigation, notices, sidebar } = this;
    navigation.measure = (view) => this.#measure(view);
    navigation.prepare = (view) => {
      this.preview.forget();
      const layout = this.#measure(view);
      this.thumbnails.layOut(layout.side);
      this.sidebar.showSize(layout.columns * layout.rows);
      grid.layOut(layout, captionOf(view));
      this.emptyState.hide();
    };
    navigation.addEventListener("ahead", () => {
      this.#aheadKnown = true;
      this.#noteAhead();
    });
    this.images.addEventListener("change", () => this.#noteAhead());
    navigation.addEventListener("shown", () => {
      this.#aheadKnown = false;
      this.#noteAhead();
      if (this.#waiting) notices.hideToast();
      this.#waiting = false;
      sidebar.showView(navigation.view, navigation.page?.next !== null);
      this.filter.show(navigation.view, navigation.listed, navigation.page?.matching ?? null);
      if (this.enlarged.isOpen) this.enlarged.move(0);
    });
    navigation.addEventListener("empty", () => {
      const { listed, view } = navigation;
      this.enlarged.close();
      sidebar.showView(view, false, true);
      this.filter.show(view, listed, navigation.page?.matching ?? null);
      this.#drawFilm();
      if (view !== "queue" || !isAll(listed)) this.emptyState.show(nothingListed(view, isAll(listed)));
      else if (this.queue.size > 0) this.#finish();
      else if (this.api.progress.value) this.emptyState.show(allDecided(this.api.progress.value));
    });
    navigation.addEventListener("waiting", (event) => {
      const why = /** @type {CustomEvent} */ (event).detail;
      this.#waiting = true;
      if (navigation.page === null) this.emptyState.show(noAnswer(why));
      else notices.warn(why ? `No page came: ${why}` : "The page will come as soon as the server answers.");
    });
  }

  #listenToWindow() {
    const { navigation } = this;
    addEventListener("hashchange", () => {
      const { view, from, listed } = readUrl();
      const same = JSON.stringify(listed) === JSON.stringify(navigation.listed);
      if (navigation.page !== null && view === navigation.view && from === navigation.page.from && same) return;
      this.enlarged.close();
      void navigation.open(view, { from }, "first", listed);
    });
    this.filter.addEventListener("change", () => {
      this.enlarged.close();
      void navigation.open(navigation.view, {}, "first", this.filter.listed);
    });
    let resting = 0;
    addEventListener("resize", () => {
      this.preview.close();
      this.menu.close();
      clearTimeout(resting);
      resting = setTimeout(() => void navigation.resize(), RESIZE_REST_MS);
    });
  }

  /**
   * @param {View} view
   * @param {number} [size] steps by which films are larger than usual
   */
  #measure(view, size = this.preferences.size) {
    const style = getComputedStyle(byId("workspace"));
    const edge = 2 * parseFloat(style.getPropertyValue("--edge"));
    const gap = parseFloat(style.getPropertyValue("--gap"));
    const caption = captionOf(view);
    // Not the grid's own height: a banner may take some of it, and must not change the page.
    const sidebar = byId("sidebar").getBoundingClientRect();
    const below = sidebar.left === 0; // where there is no room for it at the right
    const width = innerWidth - (below ? 0 : sidebar.width) - edge;
    const height = innerHeight - (below ? sidebar.height : 0) - edge;
    const rules = caption > 0 || below ? { gap, size, caption, fewest: FEW } : { gap, size };
    return gridLayout(width, height, rules);
  }
}

/** @param {View} view */
function captionOf(view) {
  return view === "decided" ? CAPTION_PX : 0;
}

/** @param {NewDecision} decision */
function nounOf({ decision, reason }) {
  if (decision === "exclude") return `the exclusion for ${reasonText(reason)}`;
  return decision === "keep" ? "a film kept" : "a decision taken back";
}

await startPage(ReviewPage, SETTINGS, new ReviewApi());
