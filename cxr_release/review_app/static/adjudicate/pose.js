// Where a synthetic film lies on a real one, and so how the real one is moved to match it.

/** @typedef {[number, number]} Point shares of a film's half width and half height, from its middle: −1 to 1 */

/** What is put into words from here on: degrees of a turn, per cent of a scale or of a shift. */
const LEAST_TURN = 0.1;
const LEAST_PERCENT = 0.5;
/** Beyond the edge of the real film by less than this, the frame still counts as full. */
const EDGE = 0.002;

/** @type {Point[]} from the top left on, clockwise */
const CORNERS = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];

/**
 * A point (u, v) of the synthetic film, in its view, lies at (a u − b v + x, b u + a v + y) on the
 * real one. So the real film matches it when each of its points is moved by the inverse.
 */
export class Pose {
  /** @param {import("./api.js").PoseNumbers} numbers */
  constructor({ turn, scale, right, down }) {
    const angle = (turn * Math.PI) / 180;
    this.turn = turn;
    this.scale = scale;
    this.a = scale * Math.cos(angle);
    this.b = scale * Math.sin(angle);
    this.x = 2 * right;
    this.y = 2 * down;
  }

  /** Whether the real film has to be moved at all. */
  get moves() {
    return this.turn !== 0 || this.scale !== 1 || this.x !== 0 || this.y !== 0;
  }

  /** Whether the frame shows places beyond the edge of the moved real film. */
  get showsOutside() {
    return CORNERS.map((corner) => this.#onReal(corner)).some((point) => point.some((at) => Math.abs(at) > 1 + EDGE));
  }

  /**
   * The CSS transform that moves the real film, about its middle.
   *
   * @param {number} width pixels of the whole film
   * @param {number} height
   */
  transform(width, height) {
    const square = this.scale ** 2;
    const [a, b] = [this.a / square, this.b / square];
    const [right, down] = this.#moved([0, 0]);
    const aspect = width / height;
    return `matrix(${[a, -b / aspect, b * aspect, a, (right * width) / 2, (down * height) / 2].join(", ")})`;
  }

  /** The part of the real film that the frame shows, as a CSS shape in the unmoved film. */
  get clip() {
    return `polygon(${polygon(CORNERS.map((corner) => this.#onReal(corner)))})`;
  }

  /**
   * The part of the frame that the moved real film does not reach, as a CSS shape.
   *
   * @param {number} margin how much of the real film's edge counts as outside, in shares of half a side
   */
  outside(margin) {
    const film = CORNERS.map(([u, v]) => this.#moved([u * (1 - margin), v * (1 - margin)]));
    // One line around both: the hole is joined to the frame's first corner, there and back.
    return `polygon(evenodd, ${polygon([...CORNERS, CORNERS[0], ...film, film[0], CORNERS[0]])})`;
  }

  /** How the real film was moved, in words; empty: not at all. */
  get text() {
    if (!this.moves) return "";
    const words = [];
    if (Math.abs(this.turn) >= LEAST_TURN) {
      words.push(`turned ${short(Math.abs(this.turn))}° ${this.turn > 0 ? "counterclockwise" : "clockwise"}`);
    }
    const larger = 100 * (1 / this.scale - 1);
    if (Math.abs(larger) >= LEAST_PERCENT) words.push(`${larger > 0 ? "enlarged" : "reduced"} ${short(Math.abs(larger))} %`);
    const [right, down] = this.#moved([0, 0]).map((half) => 50 * half);
    const shifts = [shift(right, "right", "left"), shift(down, "down", "up")].filter(Boolean);
    if (shifts.length > 0) words.push(`shifted ${shifts.join(", ")}`);
    return words.length > 0 ? `${words.join(", ")} to match` : "moved very little to match";
  }

  /**
   * Where a point of the frame lies on the real film.
   *
   * @param {Point} point
   * @returns {Point}
   */
  #onReal([u, v]) {
    const { a, b, x, y } = this;
    return [a * u - b * v + x, b * u + a * v + y];
  }

  /**
   * Where a point of the real film comes to lie in the frame.
   *
   * @param {Point} point
   * @returns {Point}
   */
  #moved([s, t]) {
    const { a, b, x, y } = this;
    const square = a * a + b * b;
    return [(a * (s - x) + b * (t - y)) / square, (a * (t - y) - b * (s - x)) / square];
  }
}

/** @param {Point[]} points */
function polygon(points) {
  return points.map((point) => point.map((at) => `${50 + 50 * at}%`).join(" ")).join(", ");
}

/**
 * @param {number} percent
 * @param {string} after
 * @param {string} before
 */
function shift(percent, after, before) {
  return Math.abs(percent) < LEAST_PERCENT ? "" : `${short(Math.abs(percent))} % ${percent > 0 ? after : before}`;
}

/** @param {number} value */
function short(value) {
  return String(Math.round(10 * value) / 10);
}
