// Where the reviewer is: view and position in the address, the focused film in this tab's memory.

import { ALL } from "./list_filter.js";

/** @typedef {import("./api.js").View} View */
/** @typedef {import("./api.js").Listed} Listed */

/** @type {readonly View[]} */
const VIEWS = ["queue", "excluded", "decided"];

const FILM = "cxr-release/review/film";

/**
 * @returns {{view: View, from: number|undefined, listed: Listed}}
 */
export function readUrl() {
  const [, view, from, query] = /^#([a-z]+)(?:\/(\d{1,9}))?(?:\?(.*))?$/.exec(location.hash) ?? [];
  const known = VIEWS.find((name) => name === view) ?? "queue";
  const given = new URLSearchParams(query);
  const listed = Object.fromEntries(Object.keys(ALL).map((name) => [name, given.get(name) ?? ""]));
  return { view: known, from: from === undefined ? undefined : Number(from), listed: /** @type {Listed} */ (listed) };
}

/**
 * @param {View} view
 * @param {number|null} from
 * @param {Listed} listed
 */
export function writeUrl(view, from, listed) {
  const query = new URLSearchParams(Object.entries(listed).filter(([, value]) => value)).toString();
  const hash = (from === null ? `#${view}` : `#${view}/${from}`) + (query && `?${query}`);
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

/** Not in the address: browsers refuse an address that changes with every arrow key. */
export function readFilm() {
  try {
    return sessionStorage.getItem(FILM);
  } catch {
    return null;
  }
}

/** @param {string} name */
export function writeFilm(name) {
  try {
    sessionStorage.setItem(FILM, name);
  } catch {
    // then a reload begins at the first film of the page
  }
}
