// What all pages do alike: who is there, keys, what is unsent, and what other tabs have saved.

import { showHelp } from "./dialogs.js";
import { byId } from "./dom.js";
import { EmptyState, noAnswer } from "./empty_state.js";
import { isTooSmall } from "./frame.js";
import { History } from "./history.js";
import { ImageLoader } from "./image_loader.js";
import { actionOf, allKeys, useKeys } from "./keys.js";
import { Notices } from "./notices.js";
import { PendingStore } from "./pending_store.js";
import { SendQueue } from "./send_queue.js";
import { ASK_SENDER, ServerStatus, untilAnswered } from "./server_status.js";
import { TabSync } from "./tab_sync.js";
import { FINGERS, showTouchBar } from "./touch.js";
import { Windowing, windowsText } from "./windowing.js";

/** What was left unsent may go ahead of the first films, which then begin behind it. */
const HEAD_START_MS = 3000;

/**
 * What a page is, besides what it does.
 * @typedef {object} Settings
 * @property {string} storage under which this browser keeps what is unsent: never to be changed
 * @property {string} films id of the element that holds the films
 * @property {string} subject the property of a decision that names what it is on
 * @property {string} noun what is sent: "decision"
 * @property {string} mouse what the help says of the mouse
 * @property {readonly import("./touch.js").TouchButton[]} [touch] what fingers need besides
 * @property {string} [wayBack] what to do about a session that has ended
 */

/** @typedef {{settings: Settings, api: any, setup: any, notices: Notices, emptyState: EmptyState}} Start */

/**
 * Opens a page as soon as the server says who is there.
 *
 * @param {new (start: Start) => PageController} Page
 * @param {Settings} settings
 * @param {import("./connection.js").Connection} api
 */
export async function startPage(Page, settings, api) {
  const notices = new Notices();
  const emptyState = new EmptyState(byId(settings.films));
  const wait = (/** @type {string} */ why) => emptyState.show(noAnswer(why));
  const early = (/** @type {KeyboardEvent} */ event) => {
    if (event.key.length === 1 || event.key === "Enter") notices.warn("Nothing was done: this page is still being loaded.");
  };
  document.addEventListener("keydown", early);
  const setup = await untilAnswered(() => api.setup(), wait, settings.wayBack ?? ASK_SENDER);
  document.removeEventListener("keydown", early);
  useKeys(setup.keys);
  const page = new Page({ settings, api, setup, notices, emptyState });
  showTouchBar(document.getElementById("touch-bar"), page);
  await page.start();
}

/** What a page of its own kind has to give: see the methods that do nothing here. */
export class PageController {
  /** What can be undone. */
  history = new History();
  /** @type {import("./code_box.js").CodeBox|null} where the page has codes */
  codeBox = null;
  /** @type {Record<string, (number?: any) => unknown>} what each action does, unless the films do it */
  actions = {};

  /** @param {Start} start */
  constructor({ settings, api, setup, notices, emptyState }) {
    this.settings = settings;
    this.api = api;
    this.setup = setup;
    this.notices = notices;
    this.emptyState = emptyState;
    this.wayBack = settings.wayBack ?? ASK_SENDER;
    Windowing.presets = setup.windows ?? [];
    this.person = setup.reviewer ?? setup.reader;
    document.title = `${setup.title} – ${this.person}`;
    this.room = `cxr-release/${settings.storage}/${this.person}`;
    this.tabs = new TabSync(this.room);
    this.store = new PendingStore(this.room, this.tabs.id);
    this.queue = new SendQueue(api, this.store, settings.subject);
    this.images = new ImageLoader((name, signal) => api.film(name, signal));
    const { queue, store } = this;
    this.status = new ServerStatus({ api, queue, store, notices, noun: settings.noun, wayBack: this.wayBack });
    /** @param {string} action */
    this.act = (action) => this.perform(action);
    this.#listen();
  }

  /** Begin: what an earlier page left unsent goes first. */
  async start() {
    const left = this.store.orphans().length > 0; // without any, nobody need be asked who is there
    this.queue.start(left ? this.store.adopt(await this.tabs.livingTabs()) : []);
    await this.queue.drained(HEAD_START_MS);
    await this.open();
  }

  /** Show the first films. */
  async open() {}

  /** @returns {Node[]} what the page is about: for who comes for the first time, and in the help */
  task() {
    return [];
  }

  /** Show how things stand: what is unsent, or what is known, has changed. */
  draw() {}

  /**
   * The server has what was sent.
   *
   * @param {any} _answer
   * @param {any[]} _decisions
   */
  saved(_answer, _decisions) {}

  /**
   * The server will not take what was sent.
   *
   * @param {any[]} _decisions
   * @param {string} _message the server's sentence
   */
  refused(_decisions, _message) {}

  /** @param {any} _answer what the server told another tab */
  savedElsewhere(_answer) {}

  /** Somebody looks at this page again: other pages and other machines may have gone on meanwhile. */
  returned() {}

  /**
   * What a key does to the films, if anything.
   *
   * @param {string} _action
   * @returns {boolean} whether it was one of theirs
   */
  filmsAct(_action) {
    return false;
  }

  /** @param {string} action as the keys name it; a number after it tells which reason, rating or film */
  perform(action) {
    if (isTooSmall()) return; // nobody sees what it would do
    this.notices.hideToast();
    if (this.filmsAct(action)) return;
    const [, name, number] = /** @type {RegExpExecArray} */ (/^(.*?)(?:-(\d+))?$/.exec(action));
    if (name === "help") this.#help();
    else if (name === "undo") void this.undo();
    else if (name === "redo") void this.redo();
    else if (name === "find") this.codeBox?.focus();
    else if (name === "preset") this.notices.warn("There is no other window by its name for these films.");
    else if (name in this.actions) this.actions[name](number === undefined ? undefined : Number(number));
    else this.notices.warn(`Nothing was done: ${this.nothingShown}`);
  }

  /** @returns {string} why a key that does something to films does nothing: there are none */
  get nothingShown() {
    return this.emptyState.isShown ? "no film is on the screen." : "the films are still on their way. Press again.";
  }

  #help() {
    showHelp(allKeys(), [this.settings.mouse, FINGERS, windowsText()].filter(Boolean).join(" "), () => this.task());
  }

  async undo() {
    if (!(await this.history.undo())) this.notices.warn("There is nothing to undo: nothing else was done here since this page was opened.");
  }

  async redo() {
    if (!(await this.history.redo())) this.notices.warn("There is nothing to redo: what was undone is done anew, or something else was done since.");
  }

  /** @returns {""|"grid"|"viewer"} what is on the screen, where keys depend on it */
  get where() {
    return "";
  }

  /**
   * An answer of the server, however long that takes.
   *
   * @template T
   * @param {() => Promise<T>} ask
   */
  untilAnswered(ask) {
    return untilAnswered(ask, (why) => this.emptyState.show(noAnswer(why)), this.wayBack);
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("dialog, input, textarea, select")) return;
    // A button, link or summary that was reached with Tab is pressed as everywhere else.
    if ((event.key === "Enter" || event.key === " ") && target?.closest("button, a, summary")) return;
    const action = actionOf(event, this.where);
    if (!action) return;
    event.preventDefault();
    this.act(action);
  }

  #listen() {
    const { api, queue, tabs } = this;
    document.addEventListener("keydown", (event) => this.keyDown(event));
    queue.addEventListener("change", () => {
      this.draw();
      this.status.draw();
    });
    queue.addEventListener("saved", (event) => {
      const { batch, answer } = /** @type {CustomEvent} */ (event).detail;
      tabs.broadcast({ ...answer, progress: api.progress.last });
      this.saved(answer, batch.decisions);
    });
    queue.addEventListener("refused", (event) => {
      const { batch, message } = /** @type {CustomEvent} */ (event).detail;
      this.refused(batch.decisions, message);
    });
    tabs.addEventListener("saved", (event) => {
      const { progress, ...answer } = /** @type {CustomEvent} */ (event).detail;
      this.savedElsewhere(answer);
      if (progress) api.progress.update(progress.value, progress.moment, progress.askedAt);
      this.draw();
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.returned());
    addEventListener("pageshow", ({ persisted }) => persisted && this.returned());
  }
}
