// The lead's page: draws the tables anew whenever they are asked for, and does what the lead asks for.

import { Refused, Unanswered } from "../shared/connection.js";
import { button, byId, element } from "../shared/dom.js";
import { heading } from "../shared/frame.js";
import { untilAnswered } from "../shared/server_status.js";
import { LeadApi } from "./api.js";
import { TASKS, conflictsTable, reasonsTable, table, taskPanel, time } from "./tables.js";

const EVERY_MS = 60000;
const WAY_BACK = "Open the address that the terminal shows, or start `cxr-release lead` again";

class LeadPage {
  /**
   * @param {LeadApi} api
   * @param {import("./api.js").Setup} setup
   */
  constructor(api, setup) {
    this.api = api;
    this.setup = setup;
    document.title = `${setup.title} – team`;
    this.updated = element("p", { class: "muted updated", attributes: { id: "updated" } });
    byId("header").append(
      heading(`${setup.title}: team`),
      element("p", { class: "muted", text: setup.reviewer }),
      this.updated,
      element(
        "nav",
        { class: "downloads", attributes: { "aria-label": "Downloads" } },
        "CSV",
        ...setup.downloads.map((name) =>
          element("a", { text: name, attributes: { href: `download/${name}.csv`, download: `${name}.csv` } }),
        ),
      ),
      button({ text: "Refresh", attributes: { id: "refresh" }, on: { click: () => void this.refresh() } }),
    );
    this.#form();
  }

  async refresh() {
    await this.#try(async () => {
      const { overview, at } = await this.api.overview();
      this.draw(overview);
      this.updated.textContent = `as of ${time(at)} UTC`;
      byId("main").setAttribute("aria-busy", "false");
    });
  }

  /** @param {import("./api.js").Overview} overview */
  draw(overview) {
    byId("tasks").replaceChildren(
      ...Object.keys(TASKS)
        .filter((task) => task in overview.tasks)
        .map((task) => taskPanel(task, overview.tasks[task])),
    );
    byId("reasons").replaceChildren(reasonsTable(overview.reasons));
    byId("conflicts").replaceChildren(conflictsTable(overview.conflicts));
    byId("invitations").replaceChildren(this.#invitations(overview.invitations));
    byId("notes").replaceChildren(...overview.notes.map((text) => element("p", { text })), ...overview.definitions.map((text) => element("p", { class: "muted", text })));
  }

  /** @param {import("./api.js").Invitation[]} rows */
  #invitations(rows) {
    if (rows.length === 0) return element("p", { class: "muted", text: "Nobody is invited." });
    const act = (/** @type {string} */ act, /** @type {import("./api.js").Invitation} */ row) =>
      button({
        text: { send: "Send again", revoke: "Revoke" }[act],
        attributes: { "data-act": act, "aria-label": `${act}: ${row.person}, ${TASKS[/** @type {keyof TASKS} */ (row.task)]}` },
        on: { click: () => void this.#act({ act, task: row.task, person: row.person }) },
      });
    const cells = [...rows].reverse().map((row) => [
      row.person,
      TASKS[/** @type {keyof TASKS} */ (row.task)],
      row.state,
      `${time(row.at)}, ${row.by}`,
      row.revoked ? `revoked ${time(row.revoked)}` : row.expires ? time(row.expires) : "never",
      `${row.sent} ×, ${time(row.last_sent)}`,
      element(
        "span",
        { class: "acts" },
        ...(row.state === "open" ? [act("send", row)] : []),
        ...(row.state === "revoked" ? [] : [act("revoke", row)]),
      ),
    ]);
    const all = button({
      text: "Revoke all links",
      attributes: { id: "revoke-all" },
      on: {
        click: () => {
          if (confirm("End every link of every task? Nobody who came in by a link can go on.")) void this.#act({ act: "revoke-all" });
        },
      },
    });
    return element(
      "div",
      {},
      table("Invitations", ["person", "task", "link", "made", "ends", "handed out", "actions"], cells, 7),
      ...(rows.some((row) => row.state !== "revoked") ? [all] : []),
    );
  }

  #form() {
    const form = byId("invite");
    const person = element("input", { attributes: { name: "person", placeholder: "a.b", required: true, maxlength: 64, autocomplete: "off", spellcheck: "false" } });
    const task = element(
      "select",
      { attributes: { name: "task" } },
      ...this.setup.tasks.map(({ task }) => element("option", { text: TASKS[/** @type {keyof TASKS} */ (task)], attributes: { value: task } })),
    );
    const days = element("input", { attributes: { name: "days", type: "number", min: 0, max: this.setup.most_days, value: 30, required: true } });
    form.append(
      element("label", {}, "name ", person),
      element("label", {}, "task ", task),
      element("label", { attributes: { title: "0: the link does not end by itself" } }, "days ", days),
      element("button", { class: "primary", text: "Invite", attributes: { type: "submit" } }),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#act({ act: "invite", task: task.value, person: person.value.trim(), days: days.value });
    });
  }

  /** @param {{act: string, task?: string, person?: string, days?: string}} wish */
  async #act(wish) {
    await this.#try(async () => {
      const answer = await this.api.act(wish);
      if (answer.address) this.#letter(/** @type {import("./api.js").Letter} */ (answer));
      else byId("letter").hidden = true;
      byId("live-region").textContent = answer.address ? "The link is ready." : `${answer.revoked} link(s) revoked.`;
      await this.refresh();
    });
  }

  /** @param {import("./api.js").Letter} letter */
  #letter({ task, person, expires, address }) {
    const link = element("input", { attributes: { readonly: true, value: address, id: "address", "aria-label": `Link of ${person}` } });
    const until = expires ? `until ${time(expires)} UTC` : "until it is revoked";
    byId("letter").replaceChildren(
      element("p", { text: `Send this link to ${person} alone (${TASKS[/** @type {keyof TASKS} */ (task)]}; ${until}). It opens the pages in their name.` }),
      link,
      button({ text: "Copy", on: { click: () => void navigator.clipboard?.writeText(address) } }),
    );
    byId("letter").hidden = false;
    link.select();
  }

  /** @param {() => Promise<void>} ask */
  async #try(ask) {
    const trouble = byId("trouble");
    try {
      await ask();
      trouble.hidden = true;
    } catch (error) {
      const ended = error instanceof Unanswered && error.kind === "session";
      if (!(error instanceof Refused || error instanceof Unanswered)) throw error;
      trouble.textContent = ended ? `This page's session has ended. ${WAY_BACK}.` : error.message;
      trouble.hidden = false;
    }
  }
}

const api = new LeadApi();
const wait = (/** @type {string} */ why) => {
  byId("trouble").textContent = why;
  byId("trouble").hidden = false;
};
const page = new LeadPage(api, await untilAnswered(() => api.setup(), wait, WAY_BACK));
await page.refresh();
setInterval(() => document.visibilityState === "visible" && void page.refresh(), EVERY_MS);
