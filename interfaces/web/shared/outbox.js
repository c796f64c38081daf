/** Messages on their way: shown at once, sent in order, kept until the log has them or somebody retries. */

import { newKey } from "./api.js";

/**
 * @typedef {object} Unsent
 * @property {string} key the clientMessageId: sending it twice posts it once
 * @property {string | null} conversationId
 * @property {Record<string, unknown>} [aim] what the first attempt said beside the text
 * @property {string} text
 * @property {boolean} private
 * @property {"sending" | "failed"} state
 * @property {string} [problem] a sentence for people
 * @property {string} createdAt
 */

const STILL_MEANT = 10 * 60_000;

export class Outbox {
  /** @type {Unsent[]} */
  items;
  #lastTurn = Promise.resolve();
  #confirmations = new Map();

  /**
   * @param {(item: Unsent) => Promise<void>} send resolves once the message is durable; raises Refused
   * @param {(items: Unsent[]) => void} changed called after every change of the items
   * @param {Unsent[]} [left] what an earlier visit left unsent, see `resume`
   */
  constructor(send, changed, left = []) {
    this.send = send;
    this.changed = changed;
    this.items = left.map((item) => ({ ...item, state: "failed", problem: item.problem ?? "Not sent yet." }));
  }

  /** @param {string} text @param {{conversationId?: string | null, private?: boolean}} [facts] */
  post(text, { conversationId = null, private: isPrivate = false } = {}) {
    const said = { text, private: isPrivate, createdAt: new Date().toISOString() };
    const item = { key: newKey(), conversationId, state: "sending", ...said };
    this.#put([...this.items, item]);
    return this.#queue(item);
  }

  /** Sends what the page was closed on a moment ago; older messages wait for their writer's word. */
  resume() {
    const recent = this.items.filter((item) => Date.now() - new Date(item.createdAt).getTime() < STILL_MEANT);
    return Promise.all(recent.map((item) => this.retry(item.key)));
  }

  /**
   * The first attempt decides where a message goes: a repeat with the same key must say the same.
   * @template {Record<string, unknown>} Aim
   * @param {string} key
   * @param {Aim} aim
   * @returns {Aim} that of the first attempt
   */
  aim(key, aim) {
    const item = this.items.find((candidate) => candidate.key === key);
    if (!item?.aim) this.#patch(key, { aim });
    return item?.aim ?? aim;
  }

  /** @param {string} key the server stored nothing of it: the next attempt decides anew where it goes */
  forget(key) {
    this.#patch(key, { aim: undefined });
  }

  /** @param {string} key with the same key, so what arrived after all is not posted again */
  retry(key) {
    const item = this.items.find((candidate) => candidate.key === key);
    if (!item || item.state === "sending") return Promise.resolve();
    this.#patch(key, { state: "sending", problem: undefined });
    return this.#queue(item);
  }

  /** @param {string} key the sender changed its mind about a failed message */
  discard(key) {
    this.#put(this.items.filter((item) => item.key !== key));
  }

  /** @param {import("./store.js").Message} message one of mine came back in the log: its copy here may go */
  confirm(message) {
    const twin = this.items.find((item) => item.text === message.text && item.private === message.private);
    if (!twin) return;
    this.discard(twin.key);
    this.#confirmations.get(twin.key)?.();
  }

  /** One after the other: two messages typed quickly must not overtake each other on the way. */
  #queue(item) {
    const durable = new Promise((done) => this.#confirmations.set(item.key, done));
    const turn = this.#lastTurn.then(() => Promise.race([this.#send(item), durable]));
    this.#lastTurn = turn;
    return turn;
  }

  async #send(item) {
    try {
      await this.send(item);
      this.discard(item.key);
    } catch (problem) {
      this.#patch(item.key, { state: "failed", problem: problem.message });
    } finally {
      this.#confirmations.delete(item.key);
    }
  }

  #patch(key, facts) {
    this.#put(this.items.map((item) => (item.key === key ? { ...item, ...facts } : item)));
  }

  #put(items) {
    this.items = items;
    this.changed(items);
  }
}
