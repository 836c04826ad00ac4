// What the tabs of one reviewer tell each other.

/** How long a living tab may take to say that it is there. */
const ROLL_CALL_MS = 200;

/** Event "saved" with the films and the progress that another tab was told by the server. */
export class Tabs extends EventTarget {
  #channel;
  /** @type {Set<string>} */
  #answers = new Set();

  /** @param {string} reviewer */
  constructor(reviewer) {
    super();
    this.tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    this.#channel = new BroadcastChannel(`cxr-release/review/${reviewer}`);
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
  }

  /**
   * @param {import("./api.js").Standing[]} films
   * @param {import("./api.js").Progress} progress
   */
  tell(films, progress) {
    this.#channel.postMessage({ kind: "saved", films, progress });
  }

  /**
   * The tabs that are there, this one included.
   *
   * @returns {Promise<ReadonlySet<string>>}
   */
  async rollCall() {
    this.#answers = new Set([this.tab]);
    this.#channel.postMessage({ kind: "who" });
    await new Promise((wake) => setTimeout(wake, ROLL_CALL_MS));
    return this.#answers;
  }

  /** @param {any} message */
  #hear(message) {
    if (message.kind === "who") this.#channel.postMessage({ kind: "here", tab: this.tab });
    else if (message.kind === "here") this.#answers.add(message.tab);
    else if (message.kind === "saved") {
      this.dispatchEvent(new CustomEvent("saved", { detail: message }));
    }
  }
}
