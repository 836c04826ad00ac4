// What the reviewer sees on films: asked for in a small window, and kept by the server.

import { Refused } from "../shared/connection.js";
import { TOO_EARLY, openDialog } from "../shared/dialogs.js";
import { button, element, setAttributes, withKey } from "../shared/dom.js";
import { reasonText } from "../shared/format.js";
import { isForFingers } from "../shared/keys.js";

/** Key of "none of these"; the findings have a letter each, from a on. */
const NONE_KEY = "0";
const HINT = "It decides nothing, and films need not be tagged.";
const HINT_OF_KEYS = "Letters choose; Enter saves.";

/** @param {number} place in the list */
const letterOf = (place) => String.fromCharCode("a".charCodeAt(0) + place);

/**
 * What was noted of a film, in words; empty: nothing was.
 *
 * @param {string[]|null} codes
 */
export function findingsText(codes) {
  if (codes === null) return "";
  return codes.length > 0 ? `Findings: ${codes.map(reasonText).join(", ")}` : "Findings: none of the list";
}

/** "change", whenever what is known is other than before. */
export class Findings extends EventTarget {
  /** @type {Map<string, string[]>} */
  #noted = new Map();

  /**
   * @param {import("./api.js").ReviewApi} api
   * @param {import("../shared/notices.js").Notices} notices
   * @param {import("../shared/history.js").History} history
   * @param {{code: string, meaning: string}[]} listed
   */
  constructor(api, notices, history, listed) {
    super();
    this.history = history;
    this.api = api;
    this.notices = notices;
    this.listed = listed;
  }

  /**
   * @param {string} name
   * @returns {string[]|null} null: the film is not tagged
   */
  of(name) {
    return this.#noted.get(name) ?? null;
  }

  /** What the log holds. */
  async load() {
    if (this.listed.length === 0) return;
    try {
      this.#update(await this.api.findings());
    } catch {
      this.notices.warn("Which findings you noted is not known just now.");
    }
  }

  /**
   * Ask for a film's findings, and save them.
   *
   * @param {string} name
   * @param {string} title what the film is called
   */
  async ask(name, title) {
    if (this.listed.length === 0) {
      this.notices.warn("There is no list of findings: whoever runs this page has none in cards/findings.yaml.");
      return;
    }
    const answer = await askFindings(title, this.listed, this.of(name));
    const before = this.of(name);
    if (answer === undefined || !(await this.#save(name, answer))) return;
    this.history.push({
      undo: () => this.#instead(name, answer, before),
      redo: () => this.#instead(name, before, answer),
    });
  }

  /**
   * @param {string} name
   * @param {string[]|null} stand what is noted now, or nothing is done
   * @param {string[]|null} findings
   */
  async #instead(name, stand, findings) {
    if (JSON.stringify(this.of(name)) !== JSON.stringify(stand)) return false;
    return (await this.#save(name, findings)) || null;
  }

  /**
   * @param {string} name
   * @param {string[]|null} findings
   * @returns {Promise<boolean>} whether the server has it
   */
  async #save(name, findings) {
    try {
      this.#update(await this.api.setFindings(name, findings));
    } catch (error) {
      const why = error instanceof Refused ? `The server says: ${error.message}` : "The server does not answer.";
      this.notices.warn(`Not saved: what you noted of this film. ${why}`);
      return false;
    }
    this.said(name, findings === null ? "Taken back: this film is not tagged." : `Saved. ${findingsText(findings)}.`);
    return true;
  }

  /** Called to say what is saved of a film, which may be out of sight. @param {string} _name @param {string} text */
  said(_name, text) {
    this.notices.announce(text);
  }

  /** @param {{noted: Record<string, string[]>}} answer */
  #update({ noted }) {
    this.#noted = new Map(Object.entries(noted));
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * The window: letters choose, Enter saves, Escape leaves it as it was.
 *
 * @param {string} title
 * @param {{code: string, meaning: string}[]} listed
 * @param {string[]|null} before
 * @returns {Promise<string[]|null|undefined>} null: no longer tagged; undefined: nothing is to change
 */
function askFindings(title, listed, before) {
  return new Promise((resolve) => {
    const chosen = new Set(before ?? []);
    let none = before !== null && before.length === 0;
    let changed = false;
    /** @type {string[]|null|undefined} */
    let answer;
    const close = (/** @type {string[]|null} */ value) => {
      answer = value;
      dialog.close();
    };
    const save = () => {
      if (chosen.size > 0 || none) close(listed.map(({ code }) => code).filter((code) => chosen.has(code)));
      else hint.textContent = isForFingers() ? "Choose a finding, or none of these." : `Choose a finding, or ${NONE_KEY}: none of these.`;
    };
    const usual = isForFingers() ? HINT : `${HINT_OF_KEYS} ${HINT}`;
    const draw = (/** @type {string} */ text = usual) => {
      for (const [code, made] of buttons) setAttributes(made, { "aria-pressed": String(chosen.has(code)) });
      setAttributes(nothing, { "aria-pressed": String(none) });
      hint.textContent = text;
    };
    const toggle = (/** @type {string} */ code) => {
      changed = true;
      none = false;
      if (!chosen.delete(code)) chosen.add(code);
      draw(listed.find((each) => each.code === code)?.meaning);
    };
    const chooseNone = () => {
      changed = true;
      none = !none;
      chosen.clear();
      draw();
    };
    const buttons = new Map(
      listed.map(({ code, meaning }, place) => [
        code,
        findingButton(letterOf(place), reasonText(code), meaning, code, () => toggle(code)),
      ]),
    );
    const nothing = findingButton(NONE_KEY, "none of these", "The film was looked at, and shows none of the list.", "none", chooseNone);
    const hint = element("p", { class: "muted", attributes: { role: "status" } });
    const dialog = element(
      "dialog",
      { class: "dialog findings", attributes: { "aria-label": `Findings: ${title}` } },
      element("h2", { text: `Findings: ${title}` }),
      element("div", { class: "finding-list" }, ...buttons.values(), nothing),
      hint,
      element(
        "div",
        { class: "dialog-buttons" },
        ...(before === null ? [] : [button({ on: { click: () => close(null) } }, ...withKey("Not tagged", "Del"))]),
        button({ on: { click: () => dialog.close() } }, ...withKey("Leave as it was", "Esc")),
        button({ class: "primary", on: { click: save } }, ...withKey("Save", "Enter")),
      ),
    );
    dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const key = event.key.toLowerCase();
      const place = key.length === 1 ? key.charCodeAt(0) - "a".charCodeAt(0) : -1;
      if (key === "enter" && early() && !changed) draw(TOO_EARLY);
      else if (key === "enter") save();
      else if (key === NONE_KEY && !event.repeat) chooseNone();
      else if (key === "delete" && before !== null) close(null);
      else if (place >= 0 && place < listed.length) {
        if (!event.repeat) toggle(listed[place].code);
      } else return;
      event.preventDefault();
    });
    const early = openDialog(dialog, () => resolve(answer));
    draw();
    /** @type {HTMLElement} */ (dialog.querySelector(".primary")).focus();
  });
}

/**
 * @param {string} key
 * @param {string} text
 * @param {string} meaning
 * @param {string} code
 * @param {() => void} click
 */
function findingButton(key, text, meaning, code, click) {
  return button(
    { class: "finding", attributes: { "data-finding": code, title: meaning }, on: { click } },
    element("kbd", { text: key }),
    element("span", { class: "finding-name", text }),
    element("span", { class: "finding-meaning muted", text: meaning }),
  );
}
