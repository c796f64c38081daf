/** Draws the conversation for its visitor: who says what, what it rests on, what is still on its way. */

import { el, find, KeyedList, prose } from "../shared/dom.js";
import { clock, fullTime } from "../shared/time.js";
import { timeline } from "../shared/timeline.js";

const ERASED = "This message was erased.";
const AT_THE_END = 80;

export class Transcript {
  #followsDraft = false;
  #wereDrafts = new Set();

  /**
   * @param {HTMLElement} log the list
   * @param {HTMLElement} draft where words stand that do not count yet
   * @param {HTMLElement} scroll what scrolls it
   * @param {{retry: (key: string) => void, discard: (key: string) => void}} actions
   */
  constructor(log, draft, scroll, actions) {
    this.draft = draft;
    this.scroll = scroll;
    this.actions = actions;
    this.assistant = "Assistant";
    this.list = new KeyedList(log, (entry) => entry.key, (entry) => this.#draw(entry));
  }

  /**
   * @param {import("../shared/store.js").Conversation | null} conversation
   * @param {import("../shared/store.js").Message[]} messages
   * @param {import("../shared/outbox.js").Unsent[]} unsent
   * @param {string} draft what the assistant has written so far
   */
  show(conversation, messages, unsent, draft) {
    const wasAtEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < AT_THE_END;
    const said = conversation ? timeline(conversation, messages, () => "A member of the team") : [];
    const pending = unsent.map((item) => ({ ...item, kind: "unsent" }));
    this.#followsDraft = !this.draft.hidden;
    this.list.show([...said, ...pending]);
    this.#write(draft);
    if (wasAtEnd || (pending.length && !draft)) this.toEnd();
  }

  /** As plain text: half an address is no link. */
  #write(draft) {
    find("p", this.draft).textContent = draft;
    this.draft.hidden = draft === "";
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #draw(entry) {
    if (entry.kind === "message") return this.#message(entry);
    if (entry.kind === "unsent") return this.#unsent(entry);
    const at = entry.at ? el("time", { datetime: entry.at, title: fullTime(entry.at) }, ` · ${clock(entry.at)}`) : null;
    return el("li", { class: entry.kind }, el("span", {}, entry.text, at));
  }

  #message({ message, startsGroup }) {
    const mine = message.role === "visitor";
    const words = message.text === null ? [el("em", {}, ERASED)] : prose(message.text);
    return el(
      "li",
      { class: `message from-${message.role}${startsGroup ? " starts" : ""}${this.#entrance(message)}`, "data-id": message.id },
      el("span", { class: mine || !startsGroup ? "only-heard" : "speaker" }, this.#speaker(message)),
      el("div", { class: "bubble" }, el("p", {}, ...words)),
      sources(message.citations ?? []),
      el("time", { class: "at", datetime: message.createdAt, title: fullTime(message.createdAt) }, clock(message.createdAt)),
    );
  }

  /** A message whose words were there already does not move. */
  #entrance({ id, role }) {
    if (role === "assistant" && this.#followsDraft) this.#wereDrafts.add(id);
    return this.#wereDrafts.has(id) ? " was-draft" : "";
  }

  #unsent({ key, text, state, problem }) {
    const failed = state === "failed";
    return el(
      "li",
      { class: `message from-visitor starts is-${state}` },
      el("span", { class: "only-heard" }, "You"),
      el("div", { class: "bubble" }, el("p", {}, ...prose(text))),
      el("span", { class: "at" }, failed ? `Not sent. ${problem}` : "Sending…"),
      failed && ways(() => this.actions.retry(key), () => this.actions.discard(key)),
    );
  }

  #speaker({ role }) {
    if (role === "visitor") return "You";
    return role === "assistant" ? this.assistant : "Support team";
  }
}

function sources(citations) {
  if (!citations.length) return null;
  const titles = citations.map(({ title }) => el("li", {}, title));
  return el("div", { class: "sources" }, el("span", {}, "Based on"), el("ul", {}, ...titles));
}

/** What can be done with a message that was not sent. */
function ways(retry, discard) {
  const again = el("button", { class: "link", type: "button", onclick: retry }, "Try again");
  return el("div", { class: "ways" }, again, el("button", { class: "link", type: "button", onclick: discard }, "Discard"));
}
