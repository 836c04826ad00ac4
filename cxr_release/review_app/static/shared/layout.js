// How films lie on a page: as many, or as large, as the window allows.

/** Films on a page of the grid, and pixels on each side of a film that are enough. */
const FEWEST = 24;
const MOST = 60;
const WANTED = 170;

/**
 * @typedef {object} GridLayout
 * @property {number} columns
 * @property {number} rows
 * @property {number} side pixels on each side of a film
 */

/**
 * The most films whose sides reach what is wanted; where none do, the largest films.
 *
 * @param {number} width pixels that the grid may take
 * @param {number} height
 * @param {{gap: number, caption?: number, fewest?: number}} rules
 *   caption: height of the lines under each film
 * @returns {GridLayout}
 */
export function gridLayout(width, height, { gap, caption = 0, fewest = FEWEST }) {
  /** @type {GridLayout|null} */
  let best = null;
  for (let rows = 1; rows <= MOST; rows += 1) {
    for (let columns = Math.ceil(fewest / rows); columns * rows <= MOST; columns += 1) {
      const side = Math.floor(
        Math.min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows - caption),
      );
      const layout = { columns, rows, side };
      if (best === null || isBetter(layout, best)) best = layout;
    }
  }
  return /** @type {GridLayout} */ (best);
}

/**
 * @param {GridLayout} layout
 * @param {GridLayout} other
 */
function isBetter(layout, other) {
  const reaches = layout.side >= WANTED;
  if (reaches !== other.side >= WANTED) return reaches;
  const films = layout.columns * layout.rows - other.columns * other.rows;
  const size = layout.side - other.side;
  return reaches ? films > 0 || (films === 0 && size > 0) : size > 0 || (size === 0 && films > 0);
}

/** Pixels of a film in a window that is too small for all. */
const LEAST = 64;
/** Films that are hardly larger are not worth a gap in the last row. */
const HARDLY = 0.97;

/**
 * @typedef {object} CardLayout
 * @property {number} columns
 * @property {boolean} beside whether the buttons of a film stand beside it, and not below
 * @property {number} width pixels of each film
 * @property {number} height
 */

/**
 * The largest films of which all are on the screen, each with its buttons.
 *
 * @param {number} films how many
 * @param {{width: number, height: number}} place pixels for all of them
 * @param {{width: number, height: number}} film in any unit
 * @param {{gap: number, below: {width: number, height: number}, beside: {width: number, height: number}}} rules
 *   pixels between films, and of the buttons of a film below it or beside it
 * @returns {CardLayout}
 */
export function cardLayout(films, place, film, { gap, below, beside }) {
  const all = Array.from({ length: films }, (_, index) => index + 1).flatMap((columns) => {
    const rows = Math.ceil(films / columns);
    const width = (place.width - gap * (columns - 1)) / columns;
    const height = (place.height - gap * (rows - 1)) / rows;
    const gaps = rows * columns - films;
    const belowSize = Math.min(width / film.width, (height - below.height) / film.height);
    const besideSize = Math.min((width - beside.width) / film.width, height / film.height);
    return [
      { columns, gaps, beside: false, fits: width >= below.width, size: belowSize },
      { columns, gaps, beside: true, fits: height >= beside.height, size: besideSize },
    ];
  });
  const fitting = all.filter(({ fits, size }) => fits && size > 0);
  const possible = fitting.length > 0 ? fitting : all; // in a tiny window the page scrolls
  const largest = Math.max(...possible.map(({ size }) => size));
  // Of those that show films about as large: no gaps, then one row, which is easiest to compare.
  const [best] = possible
    .filter(({ size }) => size >= HARDLY * largest)
    .sort((first, second) => first.gaps - second.gaps || second.columns - first.columns || second.size - first.size);
  const size = Math.max(best.size, Number.MIN_VALUE);
  return {
    columns: best.columns,
    beside: best.beside,
    width: Math.max(LEAST, Math.floor(size * film.width)),
    height: Math.max(LEAST, Math.floor(size * film.height)),
  };
}
