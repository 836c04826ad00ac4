// The screening page: puts the parts together and gives every key to the part it is for.

import { Api } from "./api.js";
import { allDecided, noAnswer, nothingListed, savingLast } from "./calm.js";
import { Desk } from "./desk.js";
import { askNote, showKeys } from "./dialogs.js";
import { Drawer } from "./drawer.js";
import { Enlarged } from "./enlarged.js";
import { Facings } from "./facings.js";
import { Grid } from "./grid.js";
import { Habits } from "./habits.js";
import { Journey } from "./journey.js";
import { KEYS, wish } from "./keys.js";
import { fit } from "./layout.js";
import { ReasonMenu } from "./menu.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { Pages } from "./pages.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { readPlace, writeFilm } from "./place.js";
import { Preview } from "./preview.js";
import { Standings } from "./standings.js";
import { Tabs } from "./tabs.js";
import { greet, onReturn, watch } from "./watch.js";
import { code, count } from "./words.js";

/** @typedef {import("./api.js").Setup} Setup */

const NOTE_HINT =
  "What stands out? It may stay empty. Notes stay in the log and are no part of a release. Write no names.";
const MOUSE = "With the mouse: a click moves the frame, a right click offers the reasons, a double click enlarges.";
/** Refused decisions that a banner names before it only counts them. */
const REFUSALS_TOLD = 3;
/** What was left unsent may go ahead of the first page, which then begins behind it. */
const HEAD_START_MS = 3000;
const RESIZE_REST_MS = 150;
/** In the view of one's decisions there are lines under each film, and so fewer films. */
const CAPTION_PX = 40;
const FEWEST_CAPTIONED = 12;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const notices = new Notices(byId("spoken"), byId("toast"), byId("banners"));
const api = new Api();

/** @param {(Node|string)[]|null} words null: the films are shown again */
function calm(words) {
  const place = byId("calm");
  place.hidden = words === null;
  byId("grid").hidden = words !== null;
  place.replaceChildren(...(words ?? []));
}

/** @param {Setup} setup */
async function begin(setup) {
  document.title = `${setup.title} – ${setup.reviewer}`;
  const room = `cxr-release/review/${setup.reviewer}`;
  const tabs = new Tabs(room);
  const drawer = new Drawer(room, tabs.tab);
  const outbox = new Outbox(api, drawer);
  const banners = watch({ api, outbox, drawer, notices, noun: "decision" });
  const standings = new Standings(outbox);
  const pictures = new Pictures((name, signal) => api.film(name, signal));
  const grid = new Grid(byId("grid"), pictures, standings);
  const facings = new Facings(api, notices);
  grid.isTurned = (name) => facings.has(name);
  const pages = new Pages(api, standings);
  const journey = new Journey({ pages, pictures, standings, grid, films: setup.films });
  const habits = new Habits(setup.reviewer);
  const enlarged = new Enlarged(byId("enlarged"), grid, pictures, standings);
  const preview = new Preview(grid, pictures, () => habits.previews && !enlarged.isOpen);
  const menu = new ReasonMenu(setup.reasons, (place) => act("reason", place));
  const panel = new Panel(byId("panel"), setup, act);
  const desk = new Desk({
    setup,
    outbox,
    standings,
    grid,
    journey,
    habits,
    notices,
    askNote: async (title, note) => {
      const answer = await askNote(title, note, NOTE_HINT);
      focusFilms();
      return answer;
    },
    askReason: () => {
      const box = grid.boxOf(grid.index);
      if (box) menu.open(box.left + box.width / 2, box.top + box.height / 2);
      notices.warn("Which reason? Press its digit; x then gives it again.");
    },
  });

  /** @type {Record<string, () => void>} */
  const actions = {
    exclude: () => desk.excludeAgain(),
    facing: () => desk.facing(),
    mirror: () => {
      if (grid.name !== null) void facings.toggle(grid.name);
    },
    keep: () => desk.keep(),
    "take-back": () => desk.takeBack(),
    note: () => void desk.note(),
    "go-on": () => {
      if (enlarged.isOpen) notices.warn("Enter keeps the rest of a page only while the page is on the screen: Esc first.");
      else desk.goOn();
    },
    left: () => grid.focus(grid.index - 1),
    right: () => grid.focus(grid.index + 1),
    up: () => step(-grid.columns),
    down: () => step(grid.columns),
    first: () => grid.focus(0),
    last: () => grid.focus(grid.names.length - 1),
    "previous-page": () => {
      if (!journey.previous()) notices.warn("This is the first page.");
    },
    "next-page": () => {
      if (!journey.next()) notices.warn("This is the last page.");
    },
    enlarge: () => enlarged.open(),
    close: () => enlarged.close(),
    "previous-film": () => {
      if (!enlarged.move(-1)) notices.warn("This is the first film of the page.");
    },
    "next-film": () => {
      if (!enlarged.move(1)) notices.warn("This is the last film of the page: Esc, then Enter keeps the rest.");
    },
    preview: () => {
      habits.previews = !habits.previews;
      preview.close();
      notices.warn(habits.previews ? "A resting mouse shows a larger film." : "Larger films under the mouse are off.");
    },
    help: () => showKeys(KEYS, MOUSE),
  };

  /**
   * @param {string} action
   * @param {number} [digit] place of a reason, from 0
   */
  function act(action, digit = -1) {
    menu.close();
    preview.close();
    notices.hush();
    if (action === "reason") desk.excludeFor(digit);
    else if (enlarged.isOpen && enlarged.viewer.act(action)) return;
    else actions[action]?.();
    panel.showLast(habits.lastReason);
  }

  /** @param {number} films */
  function step(films) {
    const index = grid.index + films;
    if (index >= 0 && index < grid.names.length) grid.focus(index);
  }

  function focusFilms() {
    if (enlarged.isOpen) enlarged.move(0);
    else grid.focus(grid.index);
  }

  function drawFilm() {
    const { name } = grid;
    panel.showFilm(grid.index, grid.names.length, name === null ? null : standings.of(name));
    enlarged.update();
  }

  const showProgress = () => panel.showProgress(api.progress.value, outbox.size);

  function drawAll() {
    grid.names.forEach((name) => grid.update(name));
    drawFilm();
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("dialog, input, textarea")) return;
    if (menu.isOpen && ["Escape", "Enter", " "].includes(event.key)) {
      event.preventDefault();
      menu.close();
      return;
    }
    // A button or link that was reached with Tab is pressed as everywhere else.
    if ((event.key === "Enter" || event.key === " ") && target?.closest("button, a")) return;
    const asked = wish(event, enlarged.isOpen ? "viewer" : "grid");
    if (asked === null) return;
    event.preventDefault();
    act(asked.action, asked.digit);
  });

  grid.addEventListener("focusfilm", () => {
    if (grid.name !== null) writeFilm(grid.name);
    drawFilm();
  });
  grid.addEventListener("enlarge", () => act("enlarge"));
  grid.addEventListener("menu", (event) => {
    const { x, y } = /** @type {CustomEvent} */ (event).detail;
    preview.close();
    menu.open(x, y);
  });
  grid.addEventListener("again", () => {
    if (grid.name !== null) pictures.again(grid.name);
  });

  journey.measure = measure;
  journey.prepare = (view) => {
    preview.forget();
    grid.layOut(measure(view), captionOf(view));
    calm(null);
  };
  // Whether a page change could do without the server; nothing but our tests reads it.
  const noteAhead = (/** @type {boolean} */ known) => {
    grid.host.dataset.ahead = known && pictures.complete ? "here" : "coming";
  };
  let known = false;
  journey.addEventListener("ahead", () => noteAhead((known = true)));
  pictures.addEventListener("change", () => noteAhead(known));
  let waiting = false;
  journey.addEventListener("shown", () => {
    const { page, view } = journey;
    noteAhead((known = false));
    if (waiting) notices.hush();
    waiting = false;
    panel.showView(view, page?.next !== null);
    if (enlarged.isOpen) enlarged.move(0);
  });
  journey.addEventListener("empty", () => {
    const { view } = journey;
    enlarged.close();
    panel.showView(view, false, true);
    drawFilm();
    if (view !== "queue") calm(nothingListed(view));
    else if (outbox.size > 0) desk.finish();
    else if (api.progress.value) calm(allDecided(api.progress.value));
  });
  journey.addEventListener("waiting", (event) => {
    const why = /** @type {CustomEvent} */ (event).detail;
    waiting = true;
    if (journey.page === null) calm(noAnswer(why));
    else notices.warn(why ? `No page came: ${why}` : "The page will come as soon as the server answers.");
  });

  let finishing = false;
  desk.finish = () => {
    finishing = outbox.size > 0;
    if (finishing) {
      grid.show([], 0); // no key decides on a film that is out of sight
      calm(savingLast(outbox.size));
    }
    else void journey.open("queue", {}).then(() => {
      const passed = grid.names.filter((name) => !grid.isBroken(name));
      if (passed.length > 0) notices.warn("These films were passed over and are still to be decided.");
    });
  };

  facings.addEventListener("change", drawAll);
  outbox.addEventListener("change", () => {
    drawAll();
    banners.draw();
    showProgress();
    if (finishing && outbox.size === 0) desk.finish();
  });
  outbox.addEventListener("saved", (event) => {
    const { answer } = /** @type {CustomEvent} */ (event).detail;
    standings.decided(answer.films);
    pages.forgetLists();
    tabs.tell({ films: answer.films, progress: api.progress.last });
  });
  /** @type {string[]} what the reviewer has not yet acknowledged */
  const refused = [];
  outbox.addEventListener("refused", (event) => {
    const { letter, message } = /** @type {CustomEvent} */ (event).detail;
    refused.push(letter.decisions.length === 1 ? sentenceOf(letter.decisions[0]) : count(letter.decisions.length, "decision"));
    const more = refused.length > REFUSALS_TOLD ? ` and ${refused.length - REFUSALS_TOLD} more` : "";
    const what = refused.slice(0, REFUSALS_TOLD).join("; ") + more;
    notices.banner("refused", `Not saved, and so not decided: ${what}. The server says: ${message}`, () => {
      refused.length = 0;
    });
    finishing = false;
    void journey.again();
  });
  tabs.addEventListener("saved", (event) => {
    const { films, progress } = /** @type {CustomEvent} */ (event).detail;
    standings.decided(films);
    pages.forgetLists();
    if (progress) api.progress.hear(progress.value, progress.moment, progress.askedAt);
    drawAll();
  });

  api.progress.addEventListener("change", () => {
    showProgress();
    // What is said in place of the films may hold no more.
    if (!finishing && outbox.size === 0 && journey.page?.films.length === 0) void journey.again();
  });
  api.addEventListener("change", () => {
    if (api.trouble === null) journey.refresh();
  });
  addEventListener("hashchange", () => {
    const place = readPlace();
    if (journey.page !== null && place.view === journey.view && place.from === journey.page.from) return;
    enlarged.close();
    void journey.open(place.view, place.from === undefined ? {} : { from: place.from });
  });

  /** @param {import("./api.js").View} view */
  function measure(view) {
    const style = getComputedStyle(byId("desk"));
    const edge = 2 * parseFloat(style.getPropertyValue("--edge"));
    const gap = parseFloat(style.getPropertyValue("--gap"));
    const caption = captionOf(view);
    // Not the grid's own height: a banner may take some of it, and must not change the page.
    const width = innerWidth - byId("panel").getBoundingClientRect().width - edge;
    const rules = caption > 0 ? { gap, caption, fewest: FEWEST_CAPTIONED } : { gap };
    return fit(width, innerHeight - edge, rules);
  }

  let resting = 0;
  addEventListener("resize", () => {
    preview.close();
    menu.close();
    clearTimeout(resting);
    resting = setTimeout(() => void journey.resize(), RESIZE_REST_MS);
  });

  // Another machine may have decided meanwhile: any answer says how far the reviewer is.
  onReturn(() => void api.films("queue", 1, {}).catch(() => {}));

  const place = readPlace();
  panel.showLast(habits.lastReason);
  panel.showView(place.view, true);
  // What an earlier page left unsent goes first; without any, nobody need be asked who is there.
  outbox.open(drawer.left().length > 0 ? drawer.adopt(await tabs.rollCall()) : []);
  await outbox.emptied(HEAD_START_MS);
  await facings.load();
  await journey.open(place.view, place.from === undefined ? {} : { from: place.from }, { film: null });
}

/** @param {import("./api.js").View} view */
function captionOf(view) {
  return view === "decided" ? CAPTION_PX : 0;
}

/** @param {import("./api.js").Wish} decision */
function sentenceOf({ decision, reason }) {
  if (decision === "exclude") return `the exclusion for ${code(reason)}`;
  return decision === "keep" ? "a film kept" : "a decision taken back";
}

await begin(await greet(() => api.setup(), (why) => calm(noAnswer(why))));
