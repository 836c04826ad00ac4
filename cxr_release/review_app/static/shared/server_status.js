// What a page does about a server that does not answer: wait for it, say so, and lose nothing.

import { Unanswered, pause } from "./connection.js";
import { count } from "./format.js";

const RETRY_MS = 2000;
/** What to do about a session that has ended. */
export const ASK_SENDER = "Ask the person who sent you the address for a new one, and open it in this browser";

/**
 * An answer of the server, however long that takes.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {(why: string) => void} wait called with what keeps it, after each try that failed
 * @param {string} wayBack what to do about a session that has ended
 * @returns {Promise<T>}
 */
export async function untilAnswered(ask, wait, wayBack) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const ended = error instanceof Unanswered && error.kind === "session";
      wait(ended ? `This page's session has ended. ${wayBack}.` : error instanceof Error ? `${error.message}.` : "");
      await pause(RETRY_MS);
    }
  }
}

/** Keeps the banners about what is unsent, and holds the page open until it is sent. */
export class ServerStatus {
  /**
   * @param {object} parts
   * @param {import("./connection.js").Connection} parts.api
   * @param {import("./send_queue.js").SendQueue} parts.queue
   * @param {import("./pending_store.js").PendingStore} parts.store
   * @param {import("./notices.js").Notices} parts.notices
   * @param {string} parts.noun what is sent: "decision"
   * @param {string} parts.wayBack what to do about a session that has ended
   */
  constructor({ api, queue, store, notices, noun, wayBack }) {
    this.api = api;
    this.queue = queue;
    this.store = store;
    this.notices = notices;
    this.noun = noun;
    this.wayBack = wayBack;
    api.addEventListener("change", () => this.draw());
    setInterval(() => {
      // While there is trouble, somebody has to notice that it is over.
      if (api.trouble !== null && queue.size === 0) void api.setup().catch(() => {});
    }, RETRY_MS);
    addEventListener("beforeunload", (event) => {
      // When the session has ended, leaving for the new address is just what is asked for.
      if (queue.size > 0 && (api.trouble?.kind !== "session" || !store.persistent)) event.preventDefault();
    });
  }

  /** To be called whenever what is unsent changed. */
  draw() {
    const { noun, notices } = this;
    const { trouble } = this.api;
    const unsent = this.queue.size;
    const start = unsent > 0 ? `${count(unsent, `${noun} is`, `${noun}s are`)} not saved yet: ` : "";
    const end = unsent > 0 ? " They are kept in this browser and sent as soon as it answers." : "";
    const later = unsent > 0 ? "; they are sent after that" : "";
    /** @type {Record<string, string>} */
    const texts = {
      silent: `${start || "No connection: "}the server does not answer.${end}`,
      session: `${start}${start ? "this" : "This"} session has ended. ${this.wayBack}${later}.`,
      fault: `${start || "No answer: "}the server reports: ${trouble?.message}`,
    };
    notices.banner("trouble", trouble === null ? "" : texts[trouble.kind]);
    const lost = `This browser does not keep unsent ${noun}s: do not close this page while any are being saved.`;
    notices.banner("keeps", this.store.persistent ? "" : lost);
  }
}
