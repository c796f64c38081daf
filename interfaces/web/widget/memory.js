/**
 * What this browser remembers of its visitor, in the storage of the chat's own origin.
 * Where storage is forbidden the visit still works; it is forgotten with the page.
 */

import { newKey } from "../shared/api.js";

/**
 * @typedef {object} Remembered
 * @property {string | null} visitorToken
 * @property {import("../shared/outbox.js").Unsent[]} outbox
 * @property {number} seen seq of the last message the visitor had in view
 * @property {string[]} dismissed campaigns that were shown without the server knowing to whom
 */

/** @type {Remembered} */
const NOTHING = { visitorToken: null, outbox: [], seen: 0, dismissed: [] };

export class Memory {
  /** @type {Remembered} */
  #remembered;

  /** @param {string} widgetId one browser may know several widgets */
  constructor(widgetId) {
    this.name = `verbatim:${widgetId}`;
    this.#remembered = { ...NOTHING, ...this.#read(() => localStorage.getItem(this.name)) };
    this.sessionId = this.#session();
  }

  get visitorToken() {
    return this.#remembered.visitorToken;
  }

  /** What says who asks, where the widget's own token is the credential. */
  get visitorHeader() {
    return this.visitorToken ? { "X-Visitor-Token": this.visitorToken } : {};
  }

  get outbox() {
    return this.#remembered.outbox;
  }

  get seen() {
    return this.#remembered.seen;
  }

  get dismissed() {
    return this.#remembered.dismissed;
  }

  /** @param {Partial<Remembered>} facts */
  keep(facts) {
    this.#remembered = { ...this.#remembered, ...facts };
    this.#write(() => localStorage.setItem(this.name, JSON.stringify(this.#remembered)));
  }

  /** The label of this visit; it authorises nothing. */
  #session() {
    const name = `${this.name}:session`;
    const known = this.#read(() => sessionStorage.getItem(name))?.id;
    const id = known ?? `ses_${newKey()}`;
    if (!known) this.#write(() => sessionStorage.setItem(name, JSON.stringify({ id })));
    return id;
  }

  #read(load) {
    try {
      return JSON.parse(load() ?? "null");
    } catch (problem) {
      console.info("Verbatim: this browser keeps no storage for the chat.", problem);
      return null;
    }
  }

  #write(save) {
    try {
      save();
    } catch (problem) {
      console.info("Verbatim: this visit will not be remembered.", problem);
    }
  }
}
