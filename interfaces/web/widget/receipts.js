/** Tells the tenant's side how far its words came: to this browser, and before the visitor's eyes. */

export class Receipts {
  /** @type {Map<string, number>} what was told, by conversation and kind */
  #told = new Map();

  /** @param {import("../shared/api.js").Api} visitor */
  constructor(visitor) {
    this.visitor = visitor;
  }

  /**
   * @param {string | null} conversationId
   * @param {import("../shared/store.js").Message[]} messages all that is at hand
   * @param {boolean} isSeen the chat is open before somebody
   */
  note(conversationId, messages, isSeen) {
    const latest = messages.filter(({ role }) => role !== "visitor").at(-1);
    if (conversationId && latest) this.#tell(conversationId, isSeen && !document.hidden ? "read" : "delivered", latest);
  }

  /** Once per message: what could not be told is told with the next one. */
  async #tell(conversationId, what, { version, state }) {
    const name = `${conversationId}/${what}`;
    const isKnown = state === "read" || state === what || (this.#told.get(name) ?? 0) >= version;
    if (isKnown) return;
    this.#told.set(name, version);
    try {
      await this.visitor.post(`/api/v1/chat/conversations/${conversationId}/${what}`, { upTo: version });
    } catch (problem) {
      console.info("Verbatim: a receipt could not be told.", problem);
    }
  }
}
