// What the tabs of one reviewer tell each other.

/** How long a living tab may take to say that it is there. */
const ROLL_CALL_MS = 200;

/** Event "saved" with what another tab was told by the server. */
export class Tabs extends EventTarget {
  #channel;
  /** @type {Set<string>} */
  #answers = new Set();

  /** @param {string} room of one page and one reviewer */
  constructor(room) {
    super();
    this.tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    this.#channel = new BroadcastChannel(room);
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
  }

  /** @param {object} saved what the server answered */
  tell(saved) {
    this.#channel.postMessage({ ...saved, kind: "saved" });
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
