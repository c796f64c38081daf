/** The pane on the right: who it is, all that was said, accept and end. */

import { el, find, KeyedList, prose } from "../shared/dom.js";
import { clock, fullTime } from "../shared/time.js";
import { timeline } from "../shared/timeline.js";
import { contactName } from "./inbox.js";
import { unnamed, withNames } from "./mention_text.js";

const AT_THE_END = 120;
const STANDING = { bot: "with the assistant", queue: "waiting for a person" };

export class ConversationPane {
  #shownId = null;

  /** @param {import("./desk.js").Desk} desk @param {(problem: Error) => void} complain */
  constructor(desk, complain) {
    this.desk = desk;
    this.complain = complain;
    this.scroll = find("#scroll");
    this.list = new KeyedList(find("#log"), (entry) => `${this.#shownId} ${entry.key}`, (entry) => this.#draw(entry));
    find("#accept").onclick = () => this.accept();
    find("#end").onclick = () => this.#end();
  }

  draw() {
    const conversation = this.desk.selected;
    find("#nothing").hidden = Boolean(conversation);
    find("#conversation").hidden = !conversation;
    if (!conversation) {
      this.#shownId = null;
      return;
    }
    this.#drawHead(conversation);
    this.#drawLog(conversation);
  }

  async accept() {
    const { selected, selectedId } = this.desk;
    if (!selected || !isOpenFor(selected)) return;
    await this.#try("#accept", () => this.desk.accept(selectedId));
    if (this.desk.selected?.assigneeId !== this.desk.me) return;
    find("#text").focus();
    await this.desk.show("mine");
  }

  #end() {
    return this.#try("#end", () => this.desk.end(this.desk.selectedId));
  }

  async #try(selector, action) {
    const button = /** @type {HTMLButtonElement} */ (find(selector));
    button.disabled = true;
    try {
      await action();
    } catch (problem) {
      this.complain(problem);
    } finally {
      button.disabled = false;
    }
  }

  #drawHead(conversation) {
    const { contact_data: contact, status, version, startedAt } = conversation;
    find("#contact").textContent = contactName(contact);
    const started = el("time", { datetime: startedAt, title: fullTime(startedAt) }, `since ${clock(startedAt)}`);
    const facts = [contact.email, this.#standing(conversation), started, `version ${version}`].filter(Boolean);
    find("#facts").replaceChildren(...facts.map((fact) => el("span", {}, fact)));
    find("#accept").hidden = !isOpenFor(conversation);
    find("#end").hidden = status === "resolved";
  }

  #standing({ status, handledBy, assigneeId }) {
    if (status === "resolved") return "ended";
    return STANDING[handledBy] ?? `with ${assigneeId === this.desk.me ? "you" : this.desk.nameOf(assigneeId)}`;
  }

  #drawLog(conversation) {
    const isOther = this.#shownId !== conversation.id;
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    const wasAtEnd = isOther || scrollHeight - scrollTop - clientHeight < AT_THE_END;
    this.#shownId = conversation.id;
    const said = timeline(conversation, this.desk.store.messages(conversation.id), (id) => this.desk.nameOf(id));
    const unsent = this.desk.outbox.items.filter((item) => item.conversationId === conversation.id);
    this.list.show([...said, ...unsent.map((item) => ({ ...item, kind: "unsent" }))]);
    if (wasAtEnd || unsent.length) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #draw(entry) {
    if (entry.kind === "message") return this.#message(entry);
    if (entry.kind === "unsent") return this.#unsent(entry);
    const at = entry.at && el("time", { datetime: entry.at, title: fullTime(entry.at) }, ` · ${clock(entry.at)}`);
    return el("li", { class: entry.kind }, el("span", {}, entry.text, at));
  }

  #message({ message, startsGroup }) {
    const { role, text, createdAt, citations = [], mentions } = message;
    const words = text === null ? [el("em", {}, "This message was erased.")] : withNames(text, mentions, this.desk);
    const kind = `${message.private ? "is-note" : `from-${role}`}${startsGroup ? " starts" : ""}`;
    return el(
      "li",
      { class: `message ${kind}`, "data-id": message.id },
      startsGroup && el("p", { class: "speaker" }, this.#speaker(message)),
      el("div", { class: "bubble" }, el("p", {}, ...words)),
      unnamed(text, mentions, this.desk),
      citations.length > 0 && el("p", { class: "sources" }, `Based on: ${citations.map(({ title }) => title).join(", ")}`),
      el("time", { class: "at", datetime: createdAt, title: fullTime(createdAt) }, clock(createdAt)),
    );
  }

  #unsent({ key, text, state, problem, private: isPrivate }) {
    const failed = state === "failed";
    const { outbox } = this.desk;
    return el(
      "li",
      { class: `message starts is-${state} ${isPrivate ? "is-note" : "from-agent"}` },
      el("div", { class: "bubble" }, el("p", {}, ...prose(text))),
      el("span", { class: "at" }, failed ? `Not sent. ${problem}` : "Sending…"),
      failed && ways(() => outbox.retry(key), () => outbox.discard(key)),
    );
  }

  #speaker({ role, authorId, private: isPrivate }) {
    if (role === "visitor") return contactName(this.desk.selected?.contact_data);
    if (role === "assistant") return "Assistant";
    return this.desk.nameOf(authorId) + (isPrivate ? ", private note" : "");
  }
}

function isOpenFor({ status, assigneeId }) {
  return status !== "resolved" && !assigneeId;
}

/** What can be done with a message that was not sent. */
function ways(retry, discard) {
  const again = el("button", { class: "link", type: "button", onclick: retry }, "Try again");
  return el("div", { class: "ways" }, again, el("button", { class: "link", type: "button", onclick: discard }, "Discard"));
}
