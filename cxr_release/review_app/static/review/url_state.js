// Where the reviewer is: view and position in the address, the focused film in this tab's memory.

/** @typedef {import("./api.js").View} View */

/** @type {readonly View[]} */
const VIEWS = ["queue", "excluded", "decided"];

const FILM = "cxr-release/review/film";

/**
 * @returns {{view: View, from: number|undefined}}
 */
export function readUrl() {
  const [, view, from] = /^#([a-z]+)(?:\/(\d{1,9}))?$/.exec(location.hash) ?? [];
  const known = VIEWS.find((name) => name === view) ?? "queue";
  return { view: known, from: from === undefined ? undefined : Number(from) };
}

/**
 * @param {View} view
 * @param {number|null} from
 */
export function writeUrl(view, from) {
  const hash = from === null ? `#${view}` : `#${view}/${from}`;
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
