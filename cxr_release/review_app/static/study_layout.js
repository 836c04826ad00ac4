// How the films of a page lie: as large as the window allows.

/**
 * @typedef {object} Layout
 * @property {number} columns
 * @property {boolean} beside whether what is said of a film stands beside it, and not below
 * @property {number} width pixels of each film
 * @property {number} height
 */

/** Pixels of a film in a window that is too small for all. */
const LEAST = 64;
/** Films that are hardly larger are not worth a gap in the last row. */
const HARDLY = 0.97;

/**
 * @param {number} films how many
 * @param {{width: number, height: number}} place pixels for all of them
 * @param {{width: number, height: number}} film in any unit
 * @param {{gap: number, below: {width: number, height: number}, beside: {width: number, height: number}}} rules
 *   pixels between films, and of what is said of a film below it or beside it
 * @returns {Layout}
 */
export function arrange(films, place, film, { gap, below, beside }) {
  const all = Array.from({ length: films }, (_, index) => index + 1).flatMap((columns) => {
    const rows = Math.ceil(films / columns);
    const width = (place.width - gap * (columns - 1)) / columns;
    const height = (place.height - gap * (rows - 1)) / rows;
    const gaps = rows * columns - films;
    return [
      { columns, gaps, beside: false, fits: width >= below.width, size: Math.min(width / film.width, (height - below.height) / film.height) },
      { columns, gaps, beside: true, fits: height >= beside.height, size: Math.min((width - beside.width) / film.width, height / film.height) },
    ];
  });
  const fitting = all.filter(({ fits, size }) => fits && size > 0);
  const possible = fitting.length > 0 ? fitting : all; // in a tiny window the page scrolls
  const largest = Math.max(...possible.map(({ size }) => size));
  // Of those that show films about as large: no gaps, then one row, which is easiest to compare.
  const [best] = possible
    .filter(({ size }) => size >= HARDLY * largest)
    .sort((one, other) => one.gaps - other.gaps || other.columns - one.columns || other.size - one.size);
  const size = Math.max(best.size, Number.MIN_VALUE);
  return {
    columns: best.columns,
    beside: best.beside,
    width: Math.max(LEAST, Math.floor(size * film.width)),
    height: Math.max(LEAST, Math.floor(size * film.height)),
  };
}
