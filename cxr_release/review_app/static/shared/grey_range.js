// The darkest and the lightest grey value of films, for the window that spreads them.

/** Pixels of the longer side in which films are looked at: larger ones are made smaller for it. */
const MOST = 1024;

/** @type {WeakMap<HTMLImageElement, {src: string, range: [number, number]}>} */
const known = new WeakMap();

/**
 * @param {Iterable<HTMLImageElement>} images those without a film do not count
 * @returns {[number, number]|null} null: there is no film
 */
export function greyRange(images) {
  const ranges = [...images].filter(({ complete, naturalWidth }) => complete && naturalWidth > 0).map(rangeOf);
  if (ranges.length === 0) return null;
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}

/**
 * @param {HTMLImageElement} image
 * @returns {[number, number]}
 */
function rangeOf(image) {
  const held = known.get(image);
  if (held?.src === image.src) return held.range;
  const scale = Math.min(1, MOST / Math.max(image.naturalWidth, image.naturalHeight));
  const [width, height] = [image.naturalWidth, image.naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d"));
  pen.drawImage(image, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  let [low, high] = [255, 0];
  for (let place = 0; place < data.length; place += 4) {
    low = Math.min(low, data[place]);
    high = Math.max(high, data[place]);
  }
  /** @type {[number, number]} */
  const range = [low, high];
  known.set(image, { src: image.src, range });
  return range;
}
