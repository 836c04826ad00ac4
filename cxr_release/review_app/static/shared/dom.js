// Elements from plain values. All text goes through text nodes, so nothing is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {object} Parts
 * @property {string} [class]
 * @property {string} [text]
 * @property {Record<string, string|number|boolean|null|undefined>} [attributes]
 *   null, undefined and false leave an attribute out.
 * @property {Record<string, (event: any) => void>} [on]
 */

/**
 * @param {string} tag
 * @param {Parts} [parts]
 * @param {...(Node|string)} children
 * @returns {any}
 */
export function element(tag, parts = {}, ...children) {
  const made = document.createElement(tag);
  if (parts.class) made.className = parts.class;
  if (parts.text !== undefined) made.textContent = parts.text;
  setAttributes(made, parts.attributes ?? {});
  for (const [event, handle] of Object.entries(parts.on ?? {})) made.addEventListener(event, handle);
  made.append(...children);
  return made;
}

/**
 * An element that the page's HTML holds.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 * @param {...Node} children
 * @returns {any}
 */
export function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/**
 * @param {Element} target
 * @param {Record<string, string|number|boolean|null|undefined>} attributes
 */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * A list of terms and what is said of each.
 *
 * @param {string} className
 * @param {readonly (readonly [Node|string, string])[]} rows
 * @param {boolean} [grouped] whether each row is an element of its own
 */
export function definitions(className, rows, grouped = false) {
  const items = rows.map(([term, text]) => [element("dt", {}, term), element("dd", { text })]);
  return element(
    "dl",
    { class: className },
    ...(grouped ? items.map((item) => element("div", {}, ...item)) : items.flat()),
  );
}

const ICONS = {
  cross: "M3 3 L13 13 M13 3 L3 13",
  tick: "M2.5 8.5 L6.5 12.5 L13.5 4",
  enlarge: "M10.5 10.5 L14 14 M6.75 2 a4.75 4.75 0 1 0 .01 0 M6.75 4.75 V8.75 M4.75 6.75 H8.75",
};

/**
 * A line drawing in the colour of the text around it; no font has to know the sign.
 *
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}

/**
 * What a button of a small window says, and the key that does the same, which CSS hides from fingers.
 *
 * @param {string} text
 * @param {string} key
 * @returns {[string, HTMLElement]}
 */
export const withKey = (text, key) => [`${text} `, element("kbd", { text: key })];

/**
 * A button that leaves the keyboard where it is when the mouse presses it: after a click on a
 * reason, Enter must go on to the next page and not press the button again.
 *
 * @param {Parts} parts
 * @param {...(Node|string)} children
 */
export function button(parts, ...children) {
  const made = element(
    "button",
    { ...parts, attributes: { type: "button", ...parts.attributes } },
    ...children,
  );
  made.addEventListener("mousedown", (/** @type {Event} */ event) => event.preventDefault());
  return made;
}
