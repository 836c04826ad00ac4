// How many films a page holds: all of them on the screen, none smaller than it must be.

export const FEWEST = 24;
export const MOST = 60;
export const WANTED = 170;

/**
 * @typedef {object} Layout
 * @property {number} columns
 * @property {number} rows
 * @property {number} side pixels on each side of a film
 */

/**
 * The most films whose sides reach what is wanted; where none do, the largest films.
 *
 * @param {number} width pixels that the grid may take
 * @param {number} height
 * @param {{gap: number, caption?: number, fewest?: number, most?: number, wanted?: number}} rules
 *   caption: height of the lines under each film
 * @returns {Layout}
 */
export function fit(width, height, rules) {
  const { gap, caption = 0, fewest = FEWEST, most = MOST, wanted = WANTED } = rules;
  /** @type {Layout|null} */
  let best = null;
  for (let rows = 1; rows <= most; rows += 1) {
    for (let columns = Math.ceil(fewest / rows); columns * rows <= most; columns += 1) {
      const side = Math.floor(
        Math.min(
          (width - gap * (columns - 1)) / columns,
          (height - gap * (rows - 1)) / rows - caption,
        ),
      );
      const layout = { columns, rows, side };
      if (best === null || better(layout, best, wanted)) best = layout;
    }
  }
  return /** @type {Layout} */ (best);
}

/**
 * @param {Layout} one
 * @param {Layout} other
 * @param {number} wanted
 */
function better(one, other, wanted) {
  const reaches = one.side >= wanted;
  if (reaches !== other.side >= wanted) return reaches;
  const films = one.columns * one.rows - other.columns * other.rows;
  const size = one.side - other.side;
  return reaches ? films > 0 || (films === 0 && size > 0) : size > 0 || (size === 0 && films > 0);
}
