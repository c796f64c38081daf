/** The notes that mention whoever is logged in: how many are unread, and the list of them. Draws nothing. */

const MENTIONS = "/api/v1/chat/mentions";
const PAGE = 50;

/**
 * @typedef {object} Mention
 * @property {string} id
 * @property {string} conversationId
 * @property {string | null} authorId
 * @property {string | null} text null: erased
 * @property {string[]} mentions
 * @property {string} createdAt
 * @property {boolean} read
 * @property {number} version
 */

export class Mentions {
  /** @type {Mention[]} */
  rows = [];
  unread = 0;
  hasMore = false;
  #cursor = null;
  #reads = 0;

  /** @param {import("../shared/api.js").Api} api @param {() => void} changed called after every change */
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
  }

  /** The newest of them, and the number of all that are unread. Raises Refused. */
  read() {
    return this.#page(null);
  }

  /** Raises Refused. */
  readMore() {
    return this.#page(this.#cursor);
  }

  /** @param {import("../shared/socket.js").Frame} frame @returns {boolean} true where the list has changed by it */
  isNewsOf({ type, data }) {
    return (type === "message:new" && data.mentioned === true) || data?.changes?.mentions !== undefined;
  }

  /**
   * Whoever has a conversation before their eyes has read what mentions them in it. Raises Refused.
   * @param {string} conversationId @param {number} upTo the version of the last message that is shown
   */
  async saw(conversationId, upTo) {
    const isUnread = (row) => row.conversationId === conversationId && row.version <= upTo && !row.read;
    const mayBeOlder = this.hasMore && this.unread > this.rows.filter((row) => !row.read).length;
    if (!this.rows.some(isUnread) && !mayBeOlder) return;
    await this.api.post(`${MENTIONS}/read`, { conversations: [{ conversationId, upTo }] });
    await this.read();
  }

  async #page(cursor) {
    const read = (this.#reads += 1);
    const { body } = await this.api.get(MENTIONS, { query: { limit: PAGE, cursor } });
    if (read !== this.#reads) return;
    this.rows = cursor ? [...this.rows, ...body.data] : body.data;
    this.#cursor = body.nextCursor;
    this.hasMore = body.nextCursor !== null;
    this.unread = body.unread;
    this.changed();
  }
}
