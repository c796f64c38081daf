/**
 * What the visitor does, reported in batches: pages, and that the chat was opened. Who does not want to be tracked
 * (Do Not Track, Global Privacy Control, `data-consent="false"`) is counted and not known.
 */

import { newKey } from "../shared/api.js";

const GATHERED = 1_000;
const MOST = 50;
const WAITING = 500;
const HEARTBEAT = 45_000;
const AGAIN = 5_000;
const URL_LENGTH = 2048;
const TITLE_LENGTH = 256;

/**
 * @typedef {object} Page
 * @property {string} url
 * @property {string} [title]
 * @property {string} [referrer]
 */

export class Tracker {
  #waiting = [];
  #timer = 0;
  #isSending = false;
  /** @type {string | null} a visitor token that the server does not take any more */
  #refused = null;

  /** @param {{widgetId: string, widgetToken: string, memory: import("./memory.js").Memory, consent: boolean}} facts */
  constructor({ widgetId, widgetToken, memory, consent }) {
    this.path = `/api/widgets/${widgetId}/track`;
    this.widgetToken = widgetToken;
    this.memory = memory;
    this.consent = consent && !refusesTracking();
  }

  /** Sends what waits when the page goes, and says now and then that the visitor is still there. */
  start() {
    addEventListener("pagehide", () => this.#flush());
    document.addEventListener("visibilitychange", () => document.hidden && this.#flush());
    if (this.consent) setInterval(() => this.#isFree() && this.tell("heartbeat"), HEARTBEAT);
  }

  /** @param {Page} page the one that the chat stands in */
  saw({ url, title = "", referrer = "" }) {
    if (!isAddress(url)) return;
    this.tell("page_view", { url, title: title.slice(0, TITLE_LENGTH), ...(isAddress(referrer) && { referrer }) });
  }

  /** @param {string} event @param {Record<string, unknown>} [facts] */
  tell(event, facts = {}) {
    // A repeat after a lost answer carries the same id, so it is stored once.
    const told = { event, eventId: newKey(), timestamp: new Date().toISOString(), ...(this.consent && facts) };
    this.#waiting = [...this.#waiting, told].slice(-WAITING);
    this.#plan(GATHERED);
  }

  #isFree() {
    return !document.hidden && this.#waiting.length === 0;
  }

  #plan(milliseconds) {
    this.#timer ||= setTimeout(() => this.#flush(), milliseconds);
  }

  /** One request at a time: the first one's answer says who this visitor is. */
  async #flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#isSending || this.#waiting.length === 0) return;
    this.#isSending = true;
    const sent = this.#waiting.slice(0, MOST);
    const isDone = await this.#send(sent);
    this.#isSending = false;
    if (isDone) this.#waiting = this.#waiting.filter((told) => !sent.includes(told));
    if (this.#waiting.length > 0) this.#plan(isDone ? 0 : AGAIN);
  }

  /** Not sendBeacon: it cannot carry the tokens. `keepalive` outlives the page just the same. */
  async #send(events) {
    const { sessionId, visitorToken } = this.memory;
    const isKnown = this.consent && visitorToken && visitorToken !== this.#refused;
    const known = isKnown ? { "X-Visitor-Token": visitorToken } : {};
    const headers = { Authorization: `Bearer ${this.widgetToken}`, "Content-Type": "application/json", ...known };
    const body = JSON.stringify({ sessionId, consent: this.consent, events });
    try {
      const answer = await fetch(this.path, { method: "POST", headers, body, keepalive: true });
      if (answer.ok) this.#remember(await answer.json());
      if (answer.status === 401 && isKnown) {
        this.#refused = visitorToken;
        return false;
      }
      return answer.status < 500; // what is refused once is refused again
    } catch (problem) {
      console.info("Verbatim: the visit could not be reported yet.", problem);
      return false;
    }
  }

  /** Whoever wrote meanwhile is somebody already. */
  #remember({ visitorToken }) {
    const known = this.memory.visitorToken;
    if (visitorToken && (!known || known === this.#refused)) this.memory.keep({ visitorToken });
  }
}

/** @returns {boolean} the browser says that its user wants not to be tracked */
export function refusesTracking() {
  return navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true;
}

function isAddress(text) {
  return /^https?:\/\//.test(text ?? "") && text.length <= URL_LENGTH;
}
