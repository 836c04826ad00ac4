// Values as a person reads them.

/** @typedef {import("../review/decision_state.js").Shown} Shown */

/**
 * A reason's code in words: "blank-or-noise" → "blank or noise".
 *
 * @param {string} reason
 */
export function reasonText(reason) {
  return reason.replaceAll("-", " ");
}

/** @param {Shown} shown */
export function decisionText(shown) {
  const saving = shown.saving ? ", being saved" : "";
  if (shown.decision === "keep") return `kept${saving}`;
  if (shown.decision === "exclude") return `excluded: ${reasonText(shown.reason)}${saving}`;
  return `not decided${saving}`;
}

/**
 * @param {number} value
 * @param {string} singular
 * @param {string} [plural]
 */
export function count(value, singular, plural = `${singular}s`) {
  return `${number(value)} ${value === 1 ? singular : plural}`;
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
 * @param {string|null} at ISO, or empty
 */
export function dateTime(at) {
  const moment = new Date(at ?? "");
  if (Number.isNaN(moment.getTime())) return "";
  return moment.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}
