// The audit page: puts the parts together and gives every key to the part it is for.

import { KEYS, wish } from "./adjudicate_keys.js";
import { nothingLeft } from "./adjudicate_calm.js";
import { noAnswer } from "./calm.js";
import { askNote, showKeys } from "./dialogs.js";
import { Docket } from "./docket.js";
import { Drawer } from "./drawer.js";
import { Frame } from "./frame.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { PairView } from "./pair.js";
import { Pictures } from "./pictures.js";
import { Tabs } from "./tabs.js";
import { SAYS, Verdicts } from "./verdicts.js";
import { greet, onReturn, watch } from "./watch.js";

/** @typedef {import("./verdicts.js").Setup} Setup */
/** @typedef {import("./verdicts.js").Word} Word */

/** What was left unsent may go ahead of the first pair. */
const HEAD_START_MS = 3000;
/** How often the adjudicator's page asks whether others have come to differ. */
const LOOK_AGAIN_MS = 5000;
/** Pairs whose films are fetched ahead. */
const AHEAD = 3;
const NOTE_HINT = "What is alike, or what differs? It may stay empty. It is saved with the verdict, in the log alone. Write no names.";
const MOUSE = "With the mouse: the wheel zooms, a drag moves, a right drag changes window and level, a double click fits the films.";

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const notices = new Notices(byId("spoken"), byId("toast"), byId("banners"));
const api = new Verdicts();

/** @param {(Node|string)[]|null} words null: the films are shown again */
function calm(words) {
  const place = byId("calm");
  place.hidden = words === null;
  byId("pair").hidden = words !== null;
  place.replaceChildren(...(words ?? []));
}

/** @param {string} why */
const waiting = (why) => calm(noAnswer(why));

/** @param {Setup} setup */
async function begin(setup) {
  document.title = `${setup.title} – ${setup.reviewer}`;
  const room = `cxr-release/audit/${setup.reviewer}`;
  const tabs = new Tabs(room);
  const drawer = new Drawer(room, tabs.tab);
  const outbox = new Outbox(api, drawer, "pair");
  const banners = watch({ api, outbox, drawer, notices, noun: "verdict" });
  const docket = new Docket(outbox);
  const pictures = new Pictures((name, signal) => api.film(name, signal));
  const view = new PairView(byId("pair"), pictures);
  const frame = new Frame(byId("head"), byId("foot"), setup, act);
  /** @type {Map<string, string>} notes that wait for their verdict, by pair */
  const drafts = new Map();
  /** @type {string|null} the pair whose first verdict is on its way: once it is there, the page goes on */
  let leaving = null;
  /** Whether it is said that no pair is left. */
  let resting = false;

  /** @type {Record<string, () => void>} */
  const actions = {
    copy: () => judge("copy"),
    "not-a-copy": () => judge("not-a-copy"),
    unsure: () => judge("unsure"),
    retract: takeBack,
    note: () => void note(),
    back: () => {
      const place = docket.current === null ? docket.size - 1 : docket.index - 1;
      if (place >= 0) show(place);
      else notices.warn("There is no pair before this one.");
    },
    on: () => {
      if (docket.current === null) return;
      if (docket.index + 1 < docket.size) show(docket.index + 1);
      else if (docket.nextOpen(docket.index) < 0) void finish();
      else notices.warn("This is the last pair; those before it that have no verdict still wait.");
    },
    "as-made": () => notices.warn("The synthetic film is shown as it was generated."),
    help: () => showKeys(KEYS, MOUSE),
  };

  /** @param {string} action */
  function act(action) {
    notices.hush();
    const turns = docket.current !== null && view.act(action);
    if (!turns) actions[action]?.();
    frame.showMode(view.mode);
  }

  /** @param {number} place outside of the pairs: none */
  function show(place) {
    docket.open(place);
    leaving = null;
    resting = false;
    const near = [0, 1, -1].map((step) => docket.at(docket.index + step));
    for (let open = docket.index, count = 0; count < AHEAD; count += 1) {
      open = docket.nextOpen(open);
      near.push(docket.at(open));
    }
    pictures.want(near.flatMap((one) => (one ? [one.real, one.synthetic] : [])));
    if (docket.current) calm(null);
    view.show(docket.current);
    draw();
  }

  function draw() {
    const { current } = docket;
    frame.showPair(docket.index, docket.size, current, (current && drafts.get(current.name)) ?? "");
    frame.showProgress(api.progress.value, outbox.size);
    frame.showMode(view.mode);
  }

  /** @param {Word} word */
  function judge(word) {
    const { current } = docket;
    if (current === null) return;
    if (!view.ready) {
      notices.warn(
        view.broken
          ? "Nothing was judged: a film of this pair cannot be shown. → goes on; tell whoever runs this page."
          : "Nothing was judged: this pair had only just appeared. Press again.",
      );
      return;
    }
    const note = drafts.get(current.name) ?? current.note;
    if (current.verdict === word && current.note === note) {
      notices.warn(current.saving ? "That verdict is on its way." : `That is your verdict already: ${SAYS[word]}.`);
      return;
    }
    view.look("side");
    if (current.verdict === null) leaving = current.name;
    drafts.delete(current.name);
    outbox.put([{ pair: current.name, verdict: word, note }]);
  }

  function takeBack() {
    const { current } = docket;
    if (current === null) return;
    if (current.verdict === null) {
      notices.warn("There is no verdict of yours on this pair.");
      return;
    }
    leaving = null;
    outbox.put([{ pair: current.name, verdict: "retract", note: "" }]);
  }

  async function note() {
    const { current } = docket;
    if (current === null) return;
    view.look("side");
    const { name } = current;
    const text = await askNote("this pair", drafts.get(name) ?? current.note, NOTE_HINT);
    const now = docket.current;
    if (text === null || now?.name !== name) return;
    if (now.verdict === null) drafts.set(name, text);
    else if (text !== now.note) outbox.put([{ pair: name, verdict: now.verdict, note: text }]);
    draw();
  }

  /** The list as the server has it now, however long that takes. */
  async function list() {
    let askedAt = 0;
    const { pairs } = await greet(() => {
      askedAt = performance.now();
      return api.pairs();
    }, waiting);
    docket.listed(pairs, askedAt);
  }

  /** On to the next pair without a verdict; when there is none, see whether any has come. */
  async function finish() {
    resting = false;
    let next = docket.nextOpen(docket.index);
    if (next < 0) {
      docket.open(-1);
      view.show(null);
      await list();
      next = docket.nextOpen(-1);
    }
    show(next);
    resting = docket.current === null;
    if (resting) calm(nothingLeft(docket, api.progress.value, setup.adjudicates));
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("dialog, input, textarea")) return;
    // A button that was reached with Tab is pressed as everywhere else.
    if ((event.key === "Enter" || event.key === " ") && target?.closest("button, a")) return;
    const action = wish(event);
    if (!action) return;
    event.preventDefault();
    act(action);
  });

  outbox.addEventListener("change", () => {
    draw();
    banners.draw();
  });
  outbox.addEventListener("saved", (event) => {
    const { letter, answer } = /** @type {CustomEvent} */ (event).detail;
    docket.judged(answer.pair);
    tabs.tell({ pair: answer.pair, progress: api.progress.last });
    const { name } = answer.pair;
    if (docket.current?.name !== name || outbox.latest(name) !== null) return;
    const [{ verdict }] = letter.decisions;
    if (leaving === name) {
      notices.say(`Saved: ${SAYS[/** @type {Word} */ (verdict)]}.`);
      void finish();
    } else {
      notices.warn(verdict === "retract" ? "Taken back: this pair has no verdict of yours." : `Saved: ${SAYS[/** @type {Word} */ (verdict)]}.`);
    }
  });
  outbox.addEventListener("refused", (event) => {
    const { letter, message } = /** @type {CustomEvent} */ (event).detail;
    const [{ verdict }] = letter.decisions;
    const what = verdict === "retract" ? "a verdict taken back" : SAYS[/** @type {Word} */ (verdict)];
    notices.banner("refused", `Not saved, and so not judged: ${what}. The server says: ${message}`, () => {});
    leaving = null;
    const name = docket.current?.name;
    void list().then(() => {
      if (docket.current === null) return finish();
      // Who has judged again meanwhile, or has gone on, is left where they are.
      if (docket.current.name === name && outbox.latest(name) === null) show(docket.index);
      else draw();
    });
  });
  tabs.addEventListener("saved", (event) => {
    const { pair, progress } = /** @type {CustomEvent} */ (event).detail;
    docket.judged(pair);
    if (progress) api.progress.hear(progress.value, progress.moment, progress.askedAt);
    draw();
  });
  /** See whether what is said in place of the films still holds. */
  function lookAgain() {
    if (resting && api.trouble === null) void finish();
  }
  api.progress.addEventListener("change", () => {
    draw();
    lookAgain();
  });
  // Others may have come to differ meanwhile.
  setInterval(() => setup.adjudicates && lookAgain(), LOOK_AGAIN_MS);
  // Another machine may have judged meanwhile.
  onReturn(() => {
    lookAgain();
    if (docket.current === null) return;
    const askedAt = performance.now();
    void api.pairs().then(({ pairs }) => {
      docket.listed(pairs, askedAt);
      if (docket.current === null) void finish();
      else draw();
    }, () => {});
  });

  // What an earlier page left unsent goes first; without any, nobody need be asked who is there.
  outbox.open(drawer.left().length > 0 ? drawer.adopt(await tabs.rollCall()) : []);
  await outbox.emptied(HEAD_START_MS);
  await list();
  await finish();
}

await begin(await greet(() => api.setup(), waiting));
