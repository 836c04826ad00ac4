// The reader study's page: puts the parts together and gives every key to the part it is for.

import { noAnswer } from "./calm.js";
import { showKeys } from "./dialogs.js";
import { Drafts } from "./study_drafts.js";
import { Drawer } from "./drawer.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { Pictures } from "./pictures.js";
import { Answers } from "./study_api.js";
import { instructions, savingLast, thanks } from "./study_calm.js";
import { Films } from "./study_films.js";
import { Form } from "./study_form.js";
import { Frame } from "./study_frame.js";
import { keysOf, wish } from "./study_keys.js";
import { Stopwatch } from "./study_stopwatch.js";
import { Tabs } from "./tabs.js";
import { greet, onReturn, watch } from "./watch.js";

/** @typedef {import("./study_api.js").Setup} Setup */
/** @typedef {import("./study_api.js").Sheet} Sheet */

/** What was left unsent may go ahead of the first page. */
const HEAD_START_MS = 3000;
/** Pages whose films are fetched ahead. */
const AHEAD = 2;
const WAY_BACK = "Open the link that you were sent once more, in this browser";
const MOUSE = "With the mouse: a click frames a film, a double click shows it alone, the wheel zooms, a drag moves, a right drag changes window and level.";

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const notices = new Notices(byId("spoken"), byId("toast"), byId("banners"));
const api = new Answers();

/** @param {(Node|string)[]|null} words null: the films are shown again */
function calm(words) {
  const place = byId("calm");
  place.hidden = words === null;
  byId("films").hidden = words !== null;
  place.replaceChildren(...(words ?? []));
}

/** @param {string} why */
const waiting = (why) => calm(noAnswer(why));

/** @param {Setup} setup */
async function begin(setup) {
  document.title = `${setup.title} – ${setup.reader}`;
  const room = `cxr-release/study/${setup.reader}`;
  const keys = keysOf(setup.going_back);
  const tabs = new Tabs(room);
  const drawer = new Drawer(room, tabs.tab);
  const drafts = new Drafts(room);
  const outbox = new Outbox(api, drawer, "page");
  const banners = watch({ api, outbox, drawer, notices, noun: "answer", wayBack: WAY_BACK });
  const pictures = new Pictures((name, signal) => api.film(name, signal));
  const films = new Films(byId("films"), pictures, act);
  const frame = new Frame(byId("head"), byId("foot"), setup, act);
  const clock = new Stopwatch();
  /** @type {Sheet[]} in this reader's order */
  let sheets = [];
  /** @type {Map<string, number>} page → when it was last saved */
  const told = new Map();
  /** Place of the page that is looked at; -1: none is. */
  let place = -1;
  /** @type {Form|null} */
  let form = null;
  let introduced = false;
  /** Seconds that the page was in view before it was loaded again. */
  let before = 0;

  /** Whether the answer on the page that is looked at is on its way: then it is not changed. */
  const locked = () => form !== null && outbox.latest(form.sheet.name) !== null;

  /** @type {Record<string, () => void>} */
  const actions = {
    pick: () => change((form) => (form.picked = films.current)),
    submit,
    back: () => turn(place < 0 ? sheets.length - 1 : place - 1),
    on: () => place >= 0 && turn(place + 1),
    help: () => showKeys(keys, MOUSE),
  };

  /** @param {string} action */
  function act(action) {
    notices.hush();
    const [what, number] = action.split("-");
    if (what === "rate") rate(Number(number));
    else if (what === "pick" && number) pick(Number(number));
    else if (form === null || !films.does(action)) actions[action]?.();
    showReadout();
  }

  /** @param {number} rating */
  function rate(rating) {
    const { current } = films;
    change((form) => {
      form.ratings[current] = rating;
      films.frame(form.next(current));
    });
  }

  /** @param {number} film */
  function pick(film) {
    change((form) => {
      if (film < form.ratings.length) form.picked = film;
    });
  }

  /** @param {(form: Form) => void} how */
  function change(how) {
    if (form === null) return;
    if (locked()) {
      notices.warn("This page is on its way: wait a moment.");
    } else if (!films.ready) {
      notices.warn(
        films.broken
          ? "Nothing was noted: a film of this page cannot be shown. Tell whoever sent you the link."
          : "Nothing was noted: the films are still on their way.",
      );
    } else {
      how(form);
      keep();
      draw();
    }
  }

  /** What was said of this page so far survives a reload. What is saved needs no draft. */
  function keep() {
    if (form === null || form.sheet.answered || locked()) return;
    drafts.write(form.sheet.name, { ...form.draft(), seconds: films.ready ? clock.seconds : before });
  }

  function submit() {
    if (form === null) {
      if (!introduced) leaveIntroduction();
      return;
    }
    const { sheet } = form;
    if (locked() || !films.ready) {
      change(() => {}); // says why not
    } else if (!form.complete) {
      const { unrated } = form;
      if (unrated.length > 0) films.frame(unrated[0]);
      notices.warn(form.missing);
    } else if (!form.changed) {
      goOn(place + 1);
    } else {
      const { ratings, picked } = form.draft();
      keep();
      clock.stop();
      outbox.put([{ page: sheet.name, ratings, picked, seconds: clock.seconds }]);
    }
  }

  /** @param {number} to */
  function turn(to) {
    if (!setup.going_back || locked() || to < 0 || (form === null && !introduced)) return;
    if (to > place && !(sheets[place]?.answered ?? true)) {
      notices.warn("This page is not submitted yet: Enter submits it.");
      return;
    }
    if (to >= sheets.length) return;
    const dropped = form !== null && form.sheet.answered && form.changed;
    open(to);
    if (dropped) notices.warn("Not saved: what you had changed on that page. It stands as you had submitted it.");
  }

  /** @param {number} to */
  function open(to) {
    keep();
    place = to;
    const sheet = sheets[to];
    const near = sheets.slice(to).filter((one, step) => step === 0 || isOpen(one)).slice(0, AHEAD + 1);
    pictures.want(near.flatMap((one) => one.films));
    const draft = sheet.answered ? null : drafts.read(sheet.name);
    before = draft?.seconds ?? 0;
    form = new Form(sheet, draft);
    clock.stop();
    calm(null);
    frame.showProgress(place, sheets, false); // first of all: the foot takes its place from the films
    films.show(sheet.name, sheet.films);
    const { unrated } = form;
    if (unrated.length > 0) films.frame(unrated[0]);
    draw();
  }

  function draw() {
    frame.showProgress(form === null ? -1 : place, sheets, outbox.size > 0);
    if (form !== null) {
      frame.showForm(form, locked());
      films.draw(form, locked());
    }
    showReadout();
  }

  function showReadout() {
    frame.readout.textContent = form === null ? "" : films.readout;
  }

  /** @param {Sheet} sheet */
  const isOpen = ({ answered, name }) => !answered && outbox.latest(name) === null;

  /**
   * The page after one that was answered: the next without an answer, or just the next one if the
   * reader is among those that have been answered.
   *
   * @param {number} [to]
   */
  function goOn(to = -1) {
    const next = sheets[to]?.answered ? to : sheets.findIndex(isOpen);
    if (next >= 0) {
      open(next);
      return;
    }
    place = -1;
    form = null;
    clock.stop();
    calm(outbox.size > 0 ? savingLast() : thanks(sheets.length, setup.going_back));
    draw();
  }

  function leaveIntroduction() {
    introduced = true;
    goOn();
  }

  /** The pages as the server has them now, however long that takes. */
  async function list() {
    let askedAt = 0;
    const { pages } = await greet(() => {
      askedAt = performance.now();
      return api.pages();
    }, waiting, WAY_BACK);
    listed(pages, askedAt);
  }

  /**
   * What was saved since the pages were asked for is newer than they are, whenever they arrive.
   *
   * @param {Sheet[]} pages
   * @param {number} askedAt `performance.now()` before the request
   */
  function listed(pages, askedAt) {
    const known = new Map(sheets.map((one) => [one.name, one]));
    sheets = pages.map((one) => ((told.get(one.name) ?? -1) < askedAt ? one : known.get(one.name) ?? one));
    for (const sheet of sheets) if (sheet.answered) drafts.remove(sheet.name);
  }

  /** Another machine may have answered meanwhile. */
  function lookAgain() {
    const askedAt = performance.now();
    void api.pages().then(({ pages }) => {
      listed(pages, askedAt);
      const sheet = sheets[place];
      if (form !== null && sheet?.answered && !form.sheet.answered && !locked()) {
        form.sheet = sheet;
        notices.warn("This page was submitted elsewhere.");
        goOn();
      } else draw();
    }, () => {});
  }

  /** @param {Sheet} sheet as the server has it now */
  function saved(sheet) {
    told.set(sheet.name, performance.now());
    sheets = sheets.map((one) => (one.name === sheet.name ? sheet : one));
    if (form?.sheet.name === sheet.name) form.sheet = sheet;
    drafts.remove(sheet.name);
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("dialog")) return;
    // A button that was reached with Tab is pressed as everywhere else.
    if ((event.key === "Enter" || event.key === " ") && target?.closest("button, a")) return;
    const action = wish(event, keys);
    if (!action) return;
    event.preventDefault();
    act(action);
  });

  clock.addEventListener("hidden", keep);
  onReturn(() => sheets.length > 0 && lookAgain());
  films.addEventListener("frame", showReadout);
  films.windowing.addEventListener("change", showReadout);
  films.addEventListener("ready", () => {
    clock.start(before);
    draw();
  });
  outbox.addEventListener("change", () => {
    draw();
    banners.draw();
  });
  outbox.addEventListener("saved", (event) => {
    const { answer } = /** @type {CustomEvent} */ (event).detail;
    const again = sheets.find(({ name }) => name === answer.page.name)?.answered ?? false;
    saved(answer.page);
    tabs.tell({ page: answer.page });
    if (form === null ? introduced : form.sheet.name === answer.page.name) {
      notices.say("Saved.");
      goOn(again ? place + 1 : -1);
    }
  });
  outbox.addEventListener("refused", (event) => {
    const { letter, message } = /** @type {CustomEvent} */ (event).detail;
    drafts.remove(letter.decisions[0].page);
    notices.banner("refused", `Your answer was not saved. The server says: ${message}`, () => {});
    if (introduced) void list().then(() => goOn());
  });
  tabs.addEventListener("saved", (event) => {
    const { page } = /** @type {CustomEvent} */ (event).detail;
    saved(page);
    if (form?.sheet.name === page.name && !locked()) {
      notices.warn("This page was submitted in another tab.");
      goOn();
    } else draw();
  });

  // What an earlier page left unsent goes first; without any, nobody need be asked who is there.
  outbox.open(drawer.left().length > 0 ? drawer.adopt(await tabs.rollCall()) : []);
  await outbox.emptied(HEAD_START_MS);
  await list();
  introduced = sheets.some((one) => !isOpen(one) || drafts.read(one.name) !== null);
  if (introduced) {
    goOn();
  } else {
    pictures.want(sheets[0].films);
    draw();
    calm(instructions(sheets.length, sheets[0].films.length, setup.going_back, leaveIntroduction));
  }
}

await begin(await greet(() => api.setup(), waiting, WAY_BACK));
