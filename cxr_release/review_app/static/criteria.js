// What a copy is, as it was laid down before anybody looked at a pair.

export const RULE = "A copy is nearly identical to the real film in any of these, beyond what two films may share by chance:";

/** @type {readonly [string, string][]} */
export const CRITERIA = [
  ["Vertebral contours", "The outlines of the vertebrae run alike, edge for edge."],
  ["Soft-tissue silhouettes", "Skin, airway and prevertebral tissue have the same outlines."],
  ["Acquisition artefacts", "The same markers, borders or streaks lie in the same places."],
];
