// The lead's tables, from what the server counted: nothing is counted here.

import { element } from "../shared/dom.js";
import { number } from "../shared/format.js";

/** @typedef {import("./api.js").Table} Table */

/** What a task is called, in the order in which the tasks are shown. */
export const TASKS = {
  screening: "Screening",
  adjudication: "Adjudication",
  study: "Reader study",
  landmarks: "Landmarks",
  clearance: "Text on real films",
  findings: "Findings",
};

/** @param {string|null|undefined} at a time in UTC */
export const time = (at) => (at ? `${at.slice(0, 10)} ${at.slice(11, 16)}` : "–");

/** @param {number|null} value */
const whole = (value) => (value === null ? "–" : number(Math.round(value)));

/**
 * @param {string} caption for those who do not see the heading above
 * @param {readonly string[]} header numbers stand on the right
 * @param {readonly (readonly (Node|string)[])[]} rows
 * @param {number} [texts] columns at the beginning that hold text
 */
export function table(caption, header, rows, texts = 1) {
  const side = (/** @type {number} */ place) => (place < texts ? "" : "number");
  return element(
    "table",
    {},
    element("caption", { class: "visually-hidden", text: caption }),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...header.map((text, place) => element("th", { class: side(place), text, attributes: { scope: "col" } })),
      ),
    ),
    element(
      "tbody",
      {},
      ...rows.map((row) =>
        element(
          "tr",
          {},
          ...row.map((cell, place) =>
            place === 0
              ? element("th", { attributes: { scope: "row" } }, cell)
              : element("td", { class: side(place) }, cell),
          ),
        ),
      ),
    ),
  );
}

/** @param {number|undefined} value */
const decimals = (value) => (value ?? Number.NaN).toFixed(2).replace("-", "−");

/** @param {import("./api.js").Agreement} agreement */
export function agreementText(agreement) {
  const { kappa, statistic, low, high, not_measurable: why } = agreement;
  const known = kappa === undefined || kappa === null ? "" : `${statistic} ${decimals(kappa)}`;
  if (why) return known ? `Agreement: ${known}; its interval is not measurable: ${why}.` : `Agreement: not measurable: ${why}.`;
  return `Agreement: ${known}, 95 % interval ${decimals(low)} to ${decimals(high)}.`;
}

/**
 * A task: how far it is, and a row for each person.
 *
 * @param {string} task
 * @param {Table} counted
 */
export function taskPanel(task, counted) {
  const title = TASKS[/** @type {keyof TASKS} */ (task)] ?? task;
  const { unit, people } = counted;
  const known = people.length > 0 ? Object.keys(people[0].words) : [];
  const words = known.length > 1 ? known : []; // of one word alone, it is what is done
  const shares = people.some((person) => person.assigned !== null);
  const rows = people.map((person) => [
    person.person,
    number(person.done),
    ...words.map((word) => number(person.words[word])),
    ...(shares ? [whole(person.assigned)] : []),
    whole(person.left),
    whole(person.an_hour),
    time(person.last_seen),
    person.invitation === "none" ? "–" : person.invitation,
  ]);
  const header = ["person", "done", ...words, ...(shares ? ["share"] : []), "left", "an hour", "last seen", "link"];
  const asked = `, ${number(counted.required)} on each`;
  const facts =
    task === "study"
      ? `${number(counted.to_do)} quartets; ${number(counted.waiting)} of ${number(counted.required)} readers are missing.`
      : counted.required > 0
        ? `${number(counted.to_do)} ${unit} to do${asked}; ${number(counted.waiting)} waiting.`
        : `Nobody must note any; there are ${number(counted.to_do)} ${unit}.`;
  const differing = counted.differ > 0 && task !== "study" ? ` People differ on ${number(counted.differ)}.` : "";
  const settle = counted.conflicts > 0 ? ` ${number(counted.conflicts)} to settle.` : "";
  return element(
    "section",
    { class: "panel", attributes: { "data-task": task, "aria-label": title, tabindex: 0 } },
    element("h2", { text: title }),
    element("p", { text: `${facts}${differing}${settle}` }),
    people.length > 0 ? table(title, header, rows) : element("p", { class: "muted", text: "Nobody is invited or has begun." }),
    element("p", { class: "agreement", text: agreementText(counted.agreement) }),
    element("p", { class: "muted", text: `A wait of more than ${number(counted.pause_s / 60)} min is a break.` }),
  );
}

/** @param {import("./api.js").Reasons[]} rows */
export function reasonsTable(rows) {
  const codes = [...new Set(rows.flatMap((row) => Object.keys(row.reasons)))].sort();
  const sampled = rows.some((row) => row.sample !== undefined);
  return element(
    "div",
    {},
    table(
      "Excluded films by source and reason",
      ["source", "generated", "excluded", ...codes],
      rows.map((row) => [
        row.source,
        number(row.generated),
        number(row.excluded),
        ...codes.map((code) => number(row.reasons[code] ?? 0)),
      ]),
    ),
    ...(sampled ? [element("h3", { text: "Samples in place of all films" }), samplesTable(rows)] : []),
  );
}

/** @param {import("./api.js").Reasons[]} rows */
function samplesTable(rows) {
  return table(
    "Samples in place of all films",
    ["source", "sample", "waiting", "faults", "faults left, at most", "of released films"],
    rows.map(({ source, sample, waiting, faults, most_left: left, share }) => [
      source,
      number(sample ?? 0),
      number(waiting ?? 0),
      number(faults ?? 0),
      left === null || left === undefined ? "not finished" : number(left),
      // Rounded up: no smaller number is promised.
      share === null || share === undefined ? "–" : `${(Math.ceil(share * 1000 - 1e-9) / 10).toFixed(1)} %`,
    ]),
  );
}

/** Subjects that are shown; the download has all. */
const SHOWN = 20;

/** @param {import("./api.js").Conflict[]} rows */
export function conflictsTable(rows) {
  if (rows.length === 0) return element("p", { class: "muted", text: "Nothing waits for an adjudicator." });
  const cells = rows.slice(0, SHOWN).map((row) => [
    row.subject,
    TASKS[/** @type {keyof TASKS} */ (row.task)] ?? row.task,
    Object.entries(row.people)
      .map(([person, word]) => `${person}: ${word}`)
      .join(", "),
  ]);
  const more = rows.length - cells.length;
  return element(
    "div",
    {},
    table("To settle", ["subject", "task", "what people say"], cells, 3),
    ...(more > 0 ? [element("p", { class: "muted", text: `${number(more)} more are in conflicts.csv.` })] : []),
  );
}
