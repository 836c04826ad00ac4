// What the lead's page asks of the server, and how the answers look.

import { Connection } from "../shared/connection.js";

/** @typedef {{person: string, done: number, words: Record<string, number>, assigned: number|null, left: number|null, lines: number, active_hours: number, an_hour: number|null, last_seen: string|null, invitation: string}} Person */
/** @typedef {{statistic?: string, kappa?: number|null, low?: number, high?: number, not_measurable?: string}} Agreement */
/** @typedef {{unit: string, pause_s: number, to_do: number, required: number, waiting: number, conflicts: number, differ: number, people: Person[], agreement: Agreement}} Table */
/** @typedef {{source: string, generated: number, excluded: number, reasons: Record<string, number>, sample?: number, waiting?: number, faults?: number, most_left?: number|null, share?: number|null}} Reasons */
/** @typedef {{task: string, subject: string, people: Record<string, string>}} Conflict */
/** @typedef {{task: string, person: string, state: string, by: string, at: string, expires: string, sent: number, last_sent: string, revoked: string}} Invitation */
/** @typedef {{tasks: Record<string, Table>, reasons: Reasons[], conflicts: Conflict[], invitations: Invitation[], definitions: string[], notes: string[]}} Overview */
/** @typedef {{reviewer: string, title: string, tasks: {task: string, address: string}[], downloads: string[], most_days: number}} Setup */
/** @typedef {{task: string, person: string, expires: string, address: string}} Letter */

export class LeadApi extends Connection {
  /** @returns {Promise<{overview: Overview, at: string}>} */
  overview() {
    return this.get("overview");
  }

  /**
   * @param {{act: string, task?: string, person?: string, days?: string}} wish
   * @returns {Promise<Partial<Letter> & {revoked?: number}>}
   */
  act(wish) {
    return this.post("invitations", wish);
  }
}
