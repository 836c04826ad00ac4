// How films lie on a page: as many, or as large, as the window allows.

/** Films on a page of the grid, and pixels on each side of a film that are enough. */
const FEWEST = 24;
const MOST = 60;
/** As many as the server gives at once, for who wants them small. */
const MOST_SMALL = 100;
const WANTED = 170;
/** How much larger films get by a step, and how many steps there are down and up. */
const STEP = 1.25;
const STEPS = { least: -3, most: 8 };

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
 * @param {{gap: number, caption?: number, fewest?: number, size?: number}} rules
 *   caption: height of the lines under each film; size: steps by which films are wanted larger
 * @returns {GridLayout}
 */
export function gridLayout(width, height, { gap, caption = 0, fewest: usual = FEWEST, size = 0 }) {
  const larger = STEP ** size;
  const fewest = size > 0 ? Math.max(1, Math.round(usual / larger ** 2)) : usual;
  const most = size < 0 ? MOST_SMALL : MOST;
  /** @type {GridLayout|null} */
  let best = null;
  for (let rows = 1; rows <= most; rows += 1) {
    for (let columns = Math.ceil(fewest / rows); columns * rows <= most; columns += 1) {
      const side = Math.floor(
        Math.min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows - caption),
      );
      const layout = { columns, rows, side };
      if (best === null || isBetter(layout, best, WANTED * larger)) best = layout;
    }
  }
  return /** @type {GridLayout} */ (best);
}

/**
 * @param {GridLayout} layout
 * @param {GridLayout} other
 * @param {number} wanted pixels
 */
function isBetter(layout, other, wanted) {
  const reaches = layout.side >= wanted;
  if (reaches !== other.side >= wanted) return reaches;
  const films = layout.columns * layout.rows - other.columns * other.rows;
  const size = layout.side - other.side;
  return reaches ? films > 0 || (films === 0 && size > 0) : size > 0 || (size === 0 && films > 0);
}

/**
 * The next size at which a page holds other films than at this one.
 *
 * @param {number} size steps
 * @param {1|-1} way larger or smaller
 * @param {(size: number) => GridLayout} layout of a size
 * @returns {number|null} null: films get no larger or smaller
 */
export function nextSize(size, way, layout) {
  const { columns, rows } = layout(size);
  for (let next = size + way; next >= STEPS.least && next <= STEPS.most; next += way) {
    const other = layout(next);
    if (other.columns !== columns || other.rows !== rows) return next;
  }
  return null;
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
