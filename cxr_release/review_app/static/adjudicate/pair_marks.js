// What is marked over a pair's films: places beyond the real film, and the half that was compared.

import { element } from "../shared/dom.js";

/**
 * What of the moved real film counts as beyond it, in shares of half a side: a pixel or two, which
 * its slanting edge mixes with black.
 */
const MARGIN = 0.006;

/** Marks of both films, to be laid over their panes, which they do not change. */
export class PairMarks {
  #outside = element("div", { class: "outside-mark" });
  #part = element("div", { class: "part-mark" });

  /** @param {import("../shared/viewer.js").Viewer[]} viewers of the real and of the synthetic film */
  constructor([real, synthetic]) {
    this.host = element("div", { class: "pair-marks", attributes: { "aria-hidden": "true" } });
    for (const [kind, viewer, mark] of [
      ["real", real, this.#outside],
      ["synthetic", synthetic, this.#part],
    ]) {
      const frame = element("div", { class: "film-frame" }, mark);
      this.host.append(element("div", { class: "pair-mark", attributes: { "data-kind": kind } }, frame));
      viewer.follow(frame);
    }
  }

  /**
   * @param {import("./pose.js").Pose|null} pose in which the real film is shown; null: unmoved
   * @param {boolean} moved whether either film is: then its edge is mixed with black
   * @param {string} part of the synthetic film that is outlined; "whole": none
   */
  draw(pose, moved, part) {
    this.#outside.hidden = pose === null;
    this.#outside.style.clipPath = pose?.outside(MARGIN) ?? "none";
    this.#part.hidden = part === "whole";
    this.#part.dataset.part = part;
    this.host.dataset.moved = String(moved);
  }
}
