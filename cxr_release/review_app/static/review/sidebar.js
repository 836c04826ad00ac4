// The right side: how far, which view, the film in the frame, the reasons.

import { button, element, icon, setAttributes, withKey } from "../shared/dom.js";
import { count, dateTime, decisionText, duration, number, reasonText } from "../shared/format.js";
import { ProgressBar, actionButton, heading } from "../shared/frame.js";
import { helpRow, keyName } from "../shared/keys.js";

/** @typedef {import("./api.js").Progress} Progress */
/** @typedef {import("./api.js").View} View */

/** @type {Record<View, [string, string]>} */
const VIEWS = {
  queue: ["Queue", "The films, in your order"],
  excluded: ["Excluded", "The films that you excluded, latest first"],
  decided: ["Decisions", "All your decisions, latest first, with note and time"],
};

export class Sidebar {
  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Setup} setup
   * @param {(action: string) => void} act
   * @param {Node} filter which films are listed
   * @param {Node} codeBox for the code of a film
   */
  constructor(host, setup, act, filter, codeBox) {
    this.setup = setup;
    const size = (/** @type {string} */ text, /** @type {string} */ action, /** @type {string} */ title) =>
      button({ text, attributes: { title, "aria-label": title }, on: { click: () => act(action) } });
    this.smaller = size("−", "zoom-out", `More and smaller films on a page (${keyName("zoom-out")})`);
    this.larger = size("+", "zoom-in", `Fewer and larger films on a page (${keyName("zoom-in")})`);
    this.perPage = element("span", { class: "muted per-page" });
    this.progress = new ProgressBar("Films decided");
    this.done = element("p", { class: "progress-done" });
    this.rate = element("p", { class: "progress-rate muted" });
    this.views = Object.fromEntries(
      Object.entries(VIEWS).map(([view, [text, title]]) => [
        view,
        element("a", { text, attributes: { href: `#${view}`, "data-view": view, title } }),
      ]),
    );
    this.film = element("h2", { class: "film-title" });
    this.decision = element("p", { class: "film-state" });
    this.time = element("span", { class: "film-time" });
    this.note = element("p", { class: "film-note" });
    this.findings = element("p", { class: "film-findings" });
    this.reasons = setup.reasons.map((reason, place) => this.#reason(reason, place, act));
    this.meaning = element("p", { class: "reason-now muted" });
    this.onward = button({ class: "primary onward", on: { click: () => act("go-on") } });
    const tool = (/** @type {string} */ action, /** @type {string} */ text, /** @type {string} */ title) => {
      const key = keyName(action);
      const tooltip = `${title} (${key.toLowerCase()})`;
      return actionButton(text, key === "Space" ? "␣" : key, action, act, { class: "tool", attributes: { title: tooltip } });
    };
    this.tools = [
      tool("keep", "Keep", "Keep this film"),
      tool("note", "Note", "Note on this decision"),
      tool("enlarge", "Enlarge", "Enlarge this film"),
      ...(setup.findings.length > 0 ? [tool("findings", "Tag", "Which findings this film shows, or none")] : []),
    ];
    const redo = { class: "tool", attributes: { title: `Redo what you undid (${keyName("redo")})`, "aria-label": "Redo" } };
    const history = element(
      "div",
      { class: "history" },
      tool("undo", "Undo", "Undo what you did last"),
      actionButton("↷", "", "redo", act, redo),
    );
    host.append(
      element(
        "header",
        { class: "sidebar-head" },
        heading(setup.title),
        element("p", { class: "muted", text: setup.reviewer }),
      ),
      element(
        "section",
        { class: "progress-part", attributes: { "aria-label": "Progress" } },
        this.done,
        this.progress.bar,
        element("div", { class: "progress-line" }, this.rate, this.progress.saving),
      ),
      element("nav", { class: "views", attributes: { "aria-label": "Views" } }, ...Object.values(this.views)),
      filter,
      element(
        "section",
        { class: "film", attributes: { "aria-label": "Film in the frame" } },
        element("div", { class: "film-line" }, this.film, this.time),
        this.decision,
        element("div", { class: "film-buttons" }, this.tools[0], history, ...this.tools.slice(1)),
        this.findings,
      ),
      element(
        "section",
        { class: "reasons", attributes: { "aria-label": "Exclude because" } },
        element("h2", { text: "Exclude because" }),
        element("ol", {}, ...this.reasons.map((reason) => element("li", {}, reason))),
        this.meaning,
      ),
      this.note,
      element(
        "footer",
        { class: "sidebar-foot" },
        element(
          "div",
          { class: "size-line" },
          codeBox,
          element("div", { class: "sizes", attributes: { role: "group", "aria-label": "Films on a page" } }, this.smaller, this.perPage, this.larger),
        ),
        element(
          "div",
          { class: "page-buttons" },
          button({ text: "‹ Page", attributes: { title: `Previous page (${keyName("previous")})` }, on: { click: () => act("previous") } }),
          button({ text: "Page ›", attributes: { title: `Next page (${keyName("next")}), nothing is decided` }, on: { click: () => act("next") } }),
          button({ attributes: { "data-action": "help", title: helpRow("help").join(": ") }, on: { click: () => act("help") } }, ...withKey("Help", keyName("help"))),
        ),
        this.onward,
      ),
    );
    host.addEventListener("pointerover", (event) => this.#explain(event.target));
    host.addEventListener("focusin", (event) => this.#explain(event.target));
    host.addEventListener("pointerleave", () => this.#explain(null));
    this.lastReason = "";
  }

  /**
   * @param {Progress|null} progress the newest there is
   * @param {number} unsent
   */
  showProgress(progress, unsent) {
    this.progress.showSaving(unsent);
    if (progress === null) return;
    const { done, left, excluded, per_minute: rate, minutes_left: minutes } = progress;
    const all = done + left;
    this.done.replaceChildren(
      element("strong", { text: number(done) }),
      ` of ${number(all)} done`,
      element("span", { class: "muted", text: `${number(left)} left` }),
    );
    const time = duration(minutes);
    this.rate.textContent = [
      rate === null ? "" : `${number(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate))} a minute`,
      time && left > 0 ? `${time} to go` : "",
      `${number(excluded)} excluded`,
    ]
      .filter(Boolean)
      .join(" · ");
    this.progress.show(done, all);
  }

  /**
   * @param {View} view
   * @param {boolean} more whether a page follows
   * @param {boolean} [empty]
   */
  showView(view, more, empty = false) {
    for (const [name, link] of Object.entries(this.views)) {
      setAttributes(link, { "aria-current": name === view ? "page" : null });
    }
    const text = view === "queue" ? "Keep the rest, go on" : more ? "Next page" : "Last page";
    this.onward.replaceChildren(text, element("kbd", { text: keyName("go-on") }));
    this.onward.disabled = empty || (view !== "queue" && !more);
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {import("./decision_state.js").Shown|null} shown
   */
  showFilm(index, total, shown) {
    this.film.replaceChildren(
      ...(shown ? [element("strong", { class: "code-text", text: shown.code }), ` · ${index + 1} of ${total}`] : ["No film"]),
    );
    this.decision.dataset.state = shown?.decision ?? "open";
    this.decision.replaceChildren(
      ...(shown?.decision === "exclude" ? [icon("cross")] : shown?.decision === "keep" ? [icon("tick")] : []),
      element("span", { text: shown ? decisionText(shown).replace(/^./, (letter) => letter.toUpperCase()) : "" }),
    );
    this.time.textContent = shown ? dateTime(shown.at) : "";
    this.note.textContent = shown?.note ? `Note: ${shown.note}` : "";
    for (const made of [...this.tools, ...this.reasons]) made.disabled = shown === null;
    this.setup.reasons.forEach((reason, place) => {
      const chosen = shown?.decision === "exclude" && shown.reason === reason.code;
      setAttributes(this.reasons[place], { "aria-pressed": String(chosen) });
    });
  }

  /** @param {number} films that a page holds */
  showSize(films) {
    this.perPage.textContent = number(films);
    this.perPage.title = `${count(films, "film")} on a page`;
  }

  /** @param {string} text what was noted of the film; empty: nothing */
  showFindings(text) {
    this.findings.textContent = text;
  }

  /** @param {string} last code of the reason that `x` gives */
  showLast(last) {
    this.lastReason = last;
    this.setup.reasons.forEach((reason, place) => {
      this.reasons[place].dataset.last = String(reason.code === last);
    });
    this.#explain(null);
  }

  /**
   * @param {{code: string, meaning: string}} reason
   * @param {number} place
   * @param {(action: string) => void} act
   */
  #reason(reason, place, act) {
    return button(
      {
        class: "reason",
        attributes: { "data-reason": reason.code, title: reason.meaning },
        on: { click: () => act(`choice-${place + 1}`) },
      },
      element("kbd", { text: keyName(`choice-${place + 1}`) }),
      element("span", { class: "reason-code", text: reasonText(reason.code) }),
      element("span", { class: "reason-x" }, element("kbd", { text: keyName("exclude"), attributes: { title: `the key ${keyName("exclude")} gives this reason` } })),
      element("span", { class: "reason-meaning", text: reason.meaning }),
    );
  }

  /**
   * Where there is no room for all meanings, that of the reason under the mouse, or the last one.
   *
   * @param {EventTarget|null} target
   */
  #explain(target) {
    const pointed = target instanceof Element ? target.closest("[data-reason]") : null;
    const wanted = pointed?.getAttribute("data-reason") ?? this.lastReason;
    this.meaning.textContent = this.setup.reasons.find(({ code }) => code === wanted)?.meaning ?? "";
  }
}
