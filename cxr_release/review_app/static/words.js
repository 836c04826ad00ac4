// Values as a person reads them.

/** @typedef {import("./standings.js").Shown} Shown */

/**
 * A reason's code in words: "spine-truncated" → "spine truncated".
 *
 * @param {string} reason
 */
export function code(reason) {
  return reason.replaceAll("-", " ");
}

/** @param {Shown} shown */
export function state(shown) {
  const saving = shown.saving ? ", being saved" : "";
  if (shown.decision === "keep") return `kept${saving}`;
  if (shown.decision === "exclude") return `excluded: ${code(shown.reason)}${saving}`;
  return `not decided${saving}`;
}

/**
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** @param {number} value */
export function number(value) {
  return value.toLocaleString("en");
}

/** @param {number|null} minutes */
export function duration(minutes) {
  if (minutes === null || !Number.isFinite(minutes)) return "";
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${Math.round(minutes)} min`;
  const tens = Math.round(minutes / 10) * 10;
  const rest = tens % 60;
  return `${number(Math.floor(tens / 60))} h${rest ? ` ${rest} min` : ""}`;
}

/**
 * A moment in this place's time.
 *
 * @param {string} at ISO, or empty
 */
export function clock(at) {
  const moment = new Date(at);
  if (!at || Number.isNaN(moment.getTime())) return "";
  return moment.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}
