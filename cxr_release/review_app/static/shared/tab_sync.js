// What the tabs of one reviewer tell each other.

import { pause } from "./connection.js";

/** How long a living tab may take to say that it is there. */
const ANSWER_MS = 200;

/** Event "saved" with what another tab was told by the server. */
export class TabSync extends EventTarget {
  #channel;
  /** @type {Set<string>} */
  #answers = new Set();

  /** @param {string} room of one page and one reviewer */
  constructor(room) {
    super();
    this.id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    this.#channel = new BroadcastChannel(room);
    this.#channel.addEventListener("message", ({ data }) => this.#receive(data));
  }

  /** @param {object} saved what the server answered */
  broadcast(saved) {
    this.#channel.postMessage({ ...saved, kind: "saved" });
  }

  /**
   * The tabs that are there, this one included.
   *
   * @returns {Promise<ReadonlySet<string>>}
   */
  async livingTabs() {
    this.#answers = new Set([this.id]);
    this.#channel.postMessage({ kind: "who" });
    await pause(ANSWER_MS);
    return this.#answers;
  }

  /** @param {any} message */
  #receive(message) {
    if (message.kind === "who") this.#channel.postMessage({ kind: "here", tab: this.id });
    else if (message.kind === "here") this.#answers.add(message.tab);
    else if (message.kind === "saved") {
      this.dispatchEvent(new CustomEvent("saved", { detail: message }));
    }
  }
}
