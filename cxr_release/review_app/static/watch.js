// What a page does about a server that does not answer: wait for it, say so, and lose nothing.

import { Unanswered } from "./connection.js";
import { count } from "./words.js";

const RETRY_MS = 2000;
/** What to do about a session that has ended. */
const SENDER = "Ask the person who sent you the address for a new one, and open it in this browser";

/** @typedef {import("./connection.js").Connection} Connection */

/**
 * The server's first answer, however long that takes.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @param {(why: string) => void} wait called with what keeps it, after each try that failed
 * @param {string} wayBack what to do about a session that has ended
 * @returns {Promise<T>}
 */
export async function greet(ask, wait, wayBack = SENDER) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const ended = error instanceof Unanswered && error.kind === "session";
      wait(ended ? `This page's session has ended. ${wayBack}.` : error instanceof Error ? `${error.message}.` : "");
      await new Promise((wake) => setTimeout(wake, RETRY_MS));
    }
  }
}

/**
 * Does something when somebody looks at this page again: it may have been in the back of the
 * browser, or in its memory behind another page, while other pages and other machines went on.
 *
 * @param {() => void} look
 */
export function onReturn(look) {
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  addEventListener("pageshow", ({ persisted }) => persisted && look());
}

/**
 * Keeps the banners about what is unsent, and holds the page open until it is sent. `draw` is to
 * be called whenever what is unsent changed.
 *
 * @param {object} parts
 * @param {Connection & {setup: () => Promise<any>}} parts.api
 * @param {import("./outbox.js").Outbox} parts.outbox
 * @param {import("./drawer.js").Drawer} parts.drawer
 * @param {import("./notices.js").Notices} parts.notices
 * @param {string} parts.noun what is sent: "decision"
 * @param {string} [parts.wayBack] what to do about a session that has ended
 * @returns {{draw: () => void}}
 */
export function watch({ api, outbox, drawer, notices, noun, wayBack = SENDER }) {
  function draw() {
    const { trouble } = api;
    const unsent = outbox.size;
    const start = unsent > 0 ? `${count(unsent, `${noun} is`, `${noun}s are`)} not saved yet: ` : "";
    const end = unsent > 0 ? " They are kept in this browser and sent as soon as it answers." : "";
    /** @type {Record<string, string>} */
    const texts = {
      silent: `${start || "No connection: "}the server does not answer.${end}`,
      session: `${start}${start ? "this" : "This"} session has ended. ${wayBack}${unsent > 0 ? "; they are sent after that" : ""}.`,
      fault: `${start || "No answer: "}the server reports: ${trouble?.message}`,
    };
    notices.banner("trouble", trouble === null ? "" : texts[trouble.kind]);
    notices.banner("keeps", drawer.keeps ? "" : `This browser does not keep unsent ${noun}s: do not close this page while any are being saved.`);
  }

  api.addEventListener("change", draw);
  setInterval(() => {
    // While there is trouble, somebody has to notice that it is over.
    if (api.trouble !== null && outbox.size === 0) void api.setup().catch(() => {});
  }, RETRY_MS);
  addEventListener("beforeunload", (event) => {
    // When the session has ended, leaving for the new address is just what is asked for.
    if (outbox.size > 0 && (api.trouble?.kind !== "session" || !drawer.keeps)) event.preventDefault();
  });
  return { draw };
}
