// The points of one film while a reader moves them.

/** @typedef {{x: number, y: number, seen: boolean}} Place in pixels of the film */

const NOT_SEEN = "-";

/** What the server takes and gives: "x,y" with two decimals, or "-", one blank between. */
export class Places {
  /** @type {Place[]} */
  points = [];

  /**
   * @param {string} text where the points are
   * @param {string} first where they began: a point that is not seen waits there
   * @param {{width: number, height: number}} size of the film
   */
  constructor(text, first, size) {
    this.size = size;
    this.saved = text;
    this.first = first;
    const began = parsed(first);
    this.points = parsed(text).map((place, index) => {
      const at = place ?? began[index] ?? { x: size.width / 2, y: size.height / 2 };
      return { ...at, seen: place !== null };
    });
  }

  get text() {
    return this.points.map(({ x, y, seen }) => (seen ? `${x.toFixed(2)},${y.toFixed(2)}` : NOT_SEEN)).join(" ");
  }

  /** Whether anything is not saved. */
  get changed() {
    return this.text !== this.saved;
  }

  /**
   * Put a point somewhere on the film; it is seen then.
   *
   * @param {number} index
   * @param {number} x
   * @param {number} y
   */
  put(index, x, y) {
    const { width, height } = this.size;
    const [heldX, heldY] = [Math.min(Math.max(0, x), width), Math.min(Math.max(0, y), height)];
    this.points[index] = { x: round(heldX), y: round(heldY), seen: true };
  }

  /** All points as they began. */
  restart() {
    this.points = new Places(this.first, this.first, this.size).points;
  }

  /** @param {number} index */
  toggle(index) {
    this.points[index] = { ...this.points[index], seen: !this.points[index].seen };
  }
}

/** @param {number} value */
const round = (value) => Math.round(100 * value) / 100;

/** @param {string} text */
function parsed(text) {
  return text.split(" ").map((place) => {
    if (place === NOT_SEEN) return null;
    const [x, y] = place.split(",").map(Number);
    return { x, y };
  });
}
