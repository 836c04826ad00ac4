// The right side: how far, which view, the film in the frame, the reasons.

import { button, element, icon, setAttributes } from "./dom.js";
import { clock, code, duration, number, state } from "./words.js";

/** @typedef {import("./api.js").Progress} Progress */
/** @typedef {import("./api.js").View} View */

/** @type {Record<View, [string, string]>} */
const VIEWS = {
  queue: ["Queue", "The films, in your order"],
  excluded: ["Excluded", "The films that you excluded, latest first"],
  decided: ["Decisions", "All your decisions, latest first, with note and time"],
};

export class Panel {
  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Setup} setup
   * @param {(action: string, digit?: number) => void} act
   */
  constructor(host, setup, act) {
    this.setup = setup;
    const bar = element("div", {
      class: "bar",
      attributes: { role: "progressbar", "aria-label": "Films decided", "aria-valuemin": 0 },
    });
    this.fill = element("div", { class: "bar-fill" });
    bar.append(this.fill);
    this.bar = bar;
    this.done = element("p", { class: "progress-done" });
    this.rate = element("p", { class: "progress-rate quiet" });
    this.saving = element("p", { class: "progress-saving quiet" });
    this.views = Object.fromEntries(
      Object.entries(VIEWS).map(([view, [text, title]]) => [
        view,
        element("a", { text, attributes: { href: `#${view}`, "data-view": view, title } }),
      ]),
    );
    this.film = element("h2", { class: "film-title" });
    this.verdict = element("p", { class: "film-state" });
    this.time = element("span", { class: "film-time" });
    this.note = element("p", { class: "film-note" });
    this.reasons = setup.reasons.map((reason, place) => this.#reason(reason, place, act));
    this.meaning = element("p", { class: "reason-now quiet" });
    this.onward = button({ class: "strong onward", on: { click: () => act("go-on") } });
    this.tools = [
      tool("k", "Keep", "Keep this film", () => act("keep")),
      tool("n", "Note", "Note on this exclusion", () => act("note")),
      tool("␣", "Enlarge", "Enlarge this film", () => act("enlarge")),
    ];
    const undo = tool("u", "Undo", "Take back: this film's decision, or the last one you made", () => act("take-back"));
    host.append(
      element(
        "header",
        { class: "panel-head" },
        element("h1", { text: setup.title, attributes: { title: setup.title } }),
        element("p", { class: "quiet", text: setup.reviewer }),
      ),
      element("section", { class: "progress", attributes: { "aria-label": "Progress" } }, this.done, bar, element("div", { class: "progress-line" }, this.rate, this.saving)),
      element("nav", { class: "views", attributes: { "aria-label": "Views" } }, ...Object.values(this.views)),
      element(
        "section",
        { class: "film", attributes: { "aria-label": "Film in the frame" } },
        element("div", { class: "film-line" }, this.film, this.time),
        this.verdict,
        element(
          "div",
          { class: "film-buttons" },
          this.tools[0],
          undo,
          ...this.tools.slice(1),
        ),
      ),
      element(
        "section",
        { class: "reasons", attributes: { "aria-label": "Exclude because" } },
        element("h2", { text: "Exclude because" }),
        element("ol", {}, ...this.reasons.map((one) => element("li", {}, one))),
        this.meaning,
      ),
      this.note,
      element(
        "footer",
        { class: "panel-foot" },
        element(
          "div",
          { class: "page-buttons" },
          button({ text: "‹ Page", attributes: { title: "Previous page (Page Up)" }, on: { click: () => act("previous-page") } }),
          button({ text: "Page ›", attributes: { title: "Next page (Page Down), nothing is decided" }, on: { click: () => act("next-page") } }),
          button({ text: "Keys ?", on: { click: () => act("help") } }),
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
    this.saving.textContent = unsent > 0 ? `saving ${number(unsent)} …` : "";
    if (progress === null) return;
    const { done, left, excluded, per_minute: pace, minutes_left: minutes } = progress;
    const all = done + left;
    this.done.replaceChildren(
      element("strong", { text: number(done) }),
      ` of ${number(all)} done`,
      element("span", { class: "quiet", text: `${number(left)} left` }),
    );
    const time = duration(minutes);
    this.rate.textContent = [
      pace === null ? "" : `${number(pace < 10 ? Math.round(pace * 10) / 10 : Math.round(pace))} a minute`,
      time && left > 0 ? `${time} to go` : "",
      `${number(excluded)} excluded`,
    ]
      .filter(Boolean)
      .join(" · ");
    this.fill.style.width = `${all > 0 ? (100 * done) / all : 100}%`;
    setAttributes(this.bar, { "aria-valuenow": done, "aria-valuemax": all });
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
    this.onward.replaceChildren(text, element("kbd", { text: "Enter" }));
    this.onward.disabled = empty || (view !== "queue" && !more);
  }

  /**
   * @param {number} index
   * @param {number} total
   * @param {import("./standings.js").Shown|null} shown
   */
  showFilm(index, total, shown) {
    this.film.textContent = shown ? `Film ${index + 1} of ${total}` : "No film";
    this.verdict.dataset.state = shown?.decision ?? "open";
    this.verdict.replaceChildren(
      ...(shown?.decision === "exclude" ? [icon("cross")] : shown?.decision === "keep" ? [icon("tick")] : []),
      element("span", { text: shown ? state(shown).replace(/^./, (letter) => letter.toUpperCase()) : "" }),
    );
    this.time.textContent = shown ? clock(shown.at) : "";
    this.note.textContent = shown?.note ? `Note: ${shown.note}` : "";
    for (const one of [...this.tools, ...this.reasons]) one.disabled = shown === null;
    this.setup.reasons.forEach((reason, place) => {
      const chosen = shown?.decision === "exclude" && shown.reason === reason.code;
      setAttributes(this.reasons[place], { "aria-pressed": String(chosen) });
    });
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
   * @param {(action: string, digit?: number) => void} act
   */
  #reason(reason, place, act) {
    return button(
      {
        class: "reason",
        attributes: { "data-reason": reason.code, title: reason.meaning },
        on: { click: () => act("reason", place) },
      },
      element("kbd", { text: place < 10 ? String((place + 1) % 10) : "" }),
      element("span", { class: "reason-code", text: code(reason.code) }),
      element("span", { class: "reason-x" }, element("kbd", { text: "x", attributes: { title: "the key x gives this reason" } })),
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
    this.meaning.textContent = this.setup.reasons.find((one) => one.code === wanted)?.meaning ?? "";
  }
}

/**
 * @param {string} key
 * @param {string} text
 * @param {string} title
 * @param {() => void} press
 */
function tool(key, text, title, press) {
  return button(
    { class: "tool", attributes: { title: `${title} (${key === "␣" ? "space" : key})` }, on: { click: press } },
    text,
    element("kbd", { text: key }),
  );
}
