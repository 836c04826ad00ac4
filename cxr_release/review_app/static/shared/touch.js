// Fingers on a page: what they do to a film, and the buttons that they need in place of keys.

import { actionButton } from "./frame.js";

/** Pixels that a resting finger may tremble without changing anything. */
const SLOP = 8;

/** What the help says of it. */
export const FINGERS =
  "With fingers: two zoom a film and move it; one changes window (sideways) and level (up and down) while the whole film is in sight, and moves a film that is zoomed.";

/** @typedef {readonly [action: string, text: string]} TouchButton */

/**
 * What every viewer does.
 *
 * @type {readonly TouchButton[]}
 */
const VIEW = [
  ["zoom-in", "Larger"],
  ["zoom-out", "Smaller"],
  ["narrower", "Contrast +"],
  ["wider", "Contrast −"],
  ["brighter", "Brighter"],
  ["darker", "Darker"],
  ["invert", "Invert"],
  ["reset", "Reset"],
];

/**
 * Fill the row of buttons that CSS shows to fingers alone.
 *
 * @param {HTMLElement|null} host null: the page has no films
 * @param {import("./page.js").PageController} page
 */
export function showTouchBar(host, { settings, act }) {
  const listed = [...(settings.touch ?? []), ...VIEW];
  host?.append(...listed.map(([action, text]) => actionButton(text, "", action, act)));
}

/**
 * Let fingers zoom and move a film, and change its window and level.
 *
 * @param {import("./viewer.js").Viewer} viewer which leaves all fingers to this
 */
export function followFingers(viewer) {
  const { host } = viewer;
  /** @type {Map<number, {x: number, y: number}>} where each finger is */
  const fingers = new Map();
  /** Whether the gesture has begun: a finger has left the place where it was put. */
  let moves = false;

  host.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    if (event.target instanceof Element && event.target.closest("button")) return;
    fingers.set(event.pointerId, place(event));
    moves = fingers.size > 1;
  });
  host.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const now = place(event);
    moves ||= Math.hypot(now.x - before.x, now.y - before.y) > SLOP;
    if (!moves) return;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    fingers.set(event.pointerId, now);
    if (others.length === 0) drag(viewer, now.x - before.x, now.y - before.y);
    else if (others.length === 1) pinch(viewer, others[0], before, now);
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    // Wherever it is lifted: a finger that is forgotten would make the next one a pair.
    addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}

/**
 * @param {PointerEvent} event
 * @returns {{x: number, y: number}}
 */
const place = ({ clientX, clientY }) => ({ x: clientX, y: clientY });

/**
 * One finger: of what fits its place nothing is to be moved.
 *
 * @param {import("./viewer.js").Viewer} viewer
 * @param {number} x pixels
 * @param {number} y
 */
function drag(viewer, x, y) {
  if (viewer.viewport.zoom > 1) viewer.moveBy(x, y);
  else viewer.windowing.move(x / 2, y / 2);
}

/**
 * Two fingers, of which one has moved: the places of the film under both stay under them.
 *
 * @param {import("./viewer.js").Viewer} viewer
 * @param {{x: number, y: number}} still
 * @param {{x: number, y: number}} before
 * @param {{x: number, y: number}} now
 */
function pinch(viewer, still, before, now) {
  const apart = (/** @type {{x: number, y: number}} */ { x, y }) => Math.max(1, Math.hypot(x - still.x, y - still.y));
  viewer.moveBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  viewer.zoomAt(apart(now) / apart(before), (now.x + still.x) / 2, (now.y + still.y) / 2);
}
