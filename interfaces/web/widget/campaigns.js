/**
 * What the shop says of its own accord: asks which campaigns are on, waits for their page and their time, and shows
 * one as a bubble while the chat is closed. The server decides who is meant, and counts what was shown.
 */

import { Api } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { refusesTracking } from "./tracker.js";

const TICK = 1_000;

/** @typedef {{id: string, text: string, locale: string, author: {name: string | null}, pages: string[], seconds: number, everyDays: number | null, endsAt: string | null}} Campaign */

/** @param {string} path @param {string[]} patterns globs with `*` and `?`; none fits every page */
export function fits(path, patterns) {
  return patterns.length === 0 || patterns.some((pattern) => globbed(pattern).test(path));
}

export class Campaigns {
  /** @type {Campaign[]} */
  #waiting = [];
  /** @type {Campaign | null} */
  #shown = null;
  #path = "";
  #since = 0;
  #timer = 0;

  /**
   * @param {{widgetId: string, widgetToken: string, locale: string, memory: import("./memory.js").Memory,
   *   consent: boolean, place: HTMLElement, words: () => Record<string, string>,
   *   onPeek: (height: number) => void, onOpen: () => void}} facts
   */
  constructor(facts) {
    this.facts = facts;
    this.consent = facts.consent && !refusesTracking();
    this.base = `/api/widgets/${facts.widgetId}/campaigns`;
    this.site = new Api(() => ({ Authorization: `Bearer ${facts.widgetToken}`, ...this.#visitor() }));
  }

  /** The campaign that the visitor took up and has not answered yet. @type {Campaign | null} */
  taken = null;

  async start() {
    try {
      const { body } = await this.site.get(this.base, { query: { locale: this.facts.locale } });
      this.#waiting = body.campaigns.filter(({ id }) => !this.facts.memory.dismissed.includes(id));
    } catch (problem) {
      console.info("Verbatim: the campaigns could not be asked for.", problem);
    }
    if (this.#waiting.length === 0) return;
    new ResizeObserver(() => this.#measure()).observe(this.facts.place);
    this.#timer = setInterval(() => this.#look(), TICK);
  }

  /** @param {string} url of the page that the chat stands in; its time begins anew with each */
  saw(url) {
    const { pathname } = new URL(url);
    if (pathname !== this.#path) this.#since = Date.now();
    this.#path = pathname;
    if (this.#shown && !fits(pathname, this.#shown.pages)) this.hide();
  }

  /** Nothing of it is left on the page. */
  hide() {
    if (!this.#shown) return;
    this.#shown = null;
    this.facts.place.replaceChildren();
    this.facts.onPeek(0);
  }

  /** The chat was opened: whoever did that while a campaign was there took it up. */
  opened() {
    clearInterval(this.#timer);
    if (!this.#shown) return;
    this.taken = this.#shown;
    this.#tell(this.#shown, "opened");
    this.hide();
  }

  #measure() {
    const height = Math.ceil(this.facts.place.getBoundingClientRect().height);
    if (this.#shown && height > 0) this.facts.onPeek(height);
  }

  #look() {
    if (this.#shown || document.hidden || !this.#path) return;
    if (this.consent && !this.facts.memory.visitorToken) return; // the tracker's first answer says who this is
    const stayed = (Date.now() - this.#since) / 1000;
    const next = this.#waiting.find((one) => isOn(one) && fits(this.#path, one.pages) && stayed >= one.seconds);
    if (next) this.#show(next);
  }

  /** @param {Campaign} campaign */
  #show(campaign) {
    this.#shown = campaign;
    this.#waiting = this.#waiting.filter((one) => one !== campaign);
    this.facts.place.replaceChildren(this.#bubble(campaign));
    this.facts.onPeek(1); // a frame that is not shown measures nothing
    this.#tell(campaign, "shown");
  }

  /** @param {Campaign} campaign */
  #bubble({ text, locale, author }) {
    const words = this.facts.words();
    const label = el("span", { class: "peek-text", lang: locale }, text);
    const name = author.name ? el("span", { class: "peek-name" }, author.name) : null;
    return el(
      "div",
      { class: "peek-offer", role: "status" },
      el("button", { class: "peek-open", type: "button", onclick: () => this.facts.onOpen() }, name, label),
      el("button", { class: "peek-close", type: "button", "aria-label": words.closeChat ?? "Close", onclick: () => this.hide() }, "×"),
    );
  }

  /** @param {Campaign} campaign @param {"shown" | "opened"} what */
  async #tell(campaign, what) {
    try {
      await this.site.post(`${this.base}/${campaign.id}/${what}`, { consent: this.consent });
    } catch (problem) {
      console.info("Verbatim: what was shown could not be reported.", problem);
    }
    const { dismissed } = this.facts.memory;
    // Without consent only this browser remembers.
    if (!this.consent && what === "shown") this.facts.memory.keep({ dismissed: [...dismissed, campaign.id].slice(-100) });
  }

  #visitor() {
    const { visitorToken } = this.facts.memory;
    return visitorToken && this.consent ? { "X-Visitor-Token": visitorToken } : {};
  }
}

function isOn({ endsAt }) {
  return !endsAt || Date.parse(endsAt) > Date.now();
}

/** @param {string} pattern */
function globbed(pattern) {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "su");
}
