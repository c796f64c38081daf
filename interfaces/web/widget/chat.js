/** The visitor's side of the protocol: one widget, one visitor, the conversation in view. Draws nothing. */

import { Api } from "../shared/api.js";
import { readConversation } from "../shared/conversation_pages.js";
import { Outbox } from "../shared/outbox.js";
import { ReconnectingSocket } from "../shared/socket.js";
import { Store } from "../shared/store.js";
import { Draft } from "./draft.js";

const ANSWER_DEADLINE = 90_000;
const AGAIN = 3_000;
const STORED = new Set(["usage_limit_exceeded", "idempotency_mismatch"]);

export class Chat {
  #socket = null;
  #asking = 0;
  #isFresh = false;
  #form = null;
  #draft = new Draft();

  /** @param {{widgetId: string, widgetToken: string, locale: string, memory: import("./memory.js").Memory}} facts */
  constructor({ widgetId, widgetToken, locale, memory }) {
    this.widgetId = widgetId;
    this.widgetToken = widgetToken;
    this.locale = locale;
    this.answers = null;
    /** What the next conversation answers to. @type {{id: string, locale: string, text: string} | null} */
    this.campaign = null;
    /** What the server did not take of the answers. @type {{name: string, reason: string}[]} */
    this.refused = [];
    this.isLoaded = !memory.visitorToken;
    this.memory = memory;
    this.store = new Store();
    this.conversationId = null;
    this.connection = "connecting";
    this.config = null;
    this.stranger = new Api(() => ({ Authorization: `Bearer ${widgetToken}` }));
    this.site = new Api(() => ({ Authorization: `Bearer ${widgetToken}`, ...memory.visitorHeader }));
    this.visitor = new Api(() => ({ Authorization: `Bearer ${memory.visitorToken}` }));
    this.outbox = new Outbox((item) => this.#send(item), (items) => this.#keep(items), memory.outbox);
  }

  /** @returns {import("../shared/store.js").Conversation | null} */
  get conversation() {
    return this.store.conversations.get(this.conversationId) ?? null;
  }

  get messages() {
    return this.store.messages(this.conversationId);
  }

  /** The assistant owes an answer to what was said last. */
  get isThinking() {
    return this.#asking > 0 && this.#isBots && (this.#isSending || this.messages.at(-1)?.role === "visitor");
  }

  /** What the assistant has written so far of the answer that it owes; the message itself takes its place. */
  get draft() {
    const last = this.messages.at(-1);
    const isOwed = last ? last.role === "visitor" : this.#isSending;
    return this.#isBots && isOwed ? this.#draft.text : "";
  }

  get #isBots() {
    return this.conversation ? this.conversation.handledBy === "bot" : Boolean(this.config?.assistantId);
  }

  get #isSending() {
    return this.outbox.items.some((item) => item.state === "sending");
  }

  /** Loads the look, and what this visitor said before. Raises Refused. */
  async start() {
    const { body } = await this.site.get(`/api/widgets/${this.widgetId}/config`, { query: { locale: this.locale } });
    this.config = body.config;
    if (this.memory.visitorToken) this.#listen();
    this.store.changed();
    this.outbox.resume();
  }

  /** The form that stands before the next conversation: `preChat` or `offline`, null where none does. */
  get formWanted() {
    if (!this.config || !this.isLoaded || this.conversationId || this.answers || this.#asking) return null;
    const { hours, offline, preChat } = this.config;
    if (this.#form) return this.#form;
    if (!hours.open && offline.enabled) return "offline";
    return preChat.enabled ? "preChat" : null;
  }

  /** @param {Record<string, string | number | boolean>} answers they go along with the first message */
  answer(answers) {
    this.answers = answers;
    this.refused = [];
    this.store.changed();
  }

  /** Raises Refused. */
  async rate(score, comment) {
    const { body } = await this.visitor.post(`/api/v1/chat/conversations/${this.conversationId}/rating`, { score, comment });
    this.store.takeConversations([body.conversation]);
  }

  /** Asks for a person. Raises Refused. */
  async requestHuman() {
    const { body } = await this.visitor.post(`/api/v1/chat/conversations/${this.conversationId}/request-human`);
    this.store.takeConversations([body.conversation]);
  }

  /** The next message begins a new conversation; the old one stays in the log. */
  startOver() {
    this.conversationId = null;
    this.answers = null;
    this.#isFresh = true;
    this.store.changed();
  }

  async #send(item) {
    this.#asking += 1;
    this.#draft.forget();
    this.store.changed();
    try {
      const { body } = await this.#ask(item);
      if (body.visitorToken) this.#become(body.visitorToken);
      this.conversationId = body.conversationId ?? this.conversationId;
      this.#isFresh = false;
      this.campaign = null;
      this.#listen();
      this.visitor.hasSeen(body.seq);
      if (!this.#hasArrived(item)) await readConversation(this.visitor, this.store, this.conversationId);
    } finally {
      this.#asking -= 1;
      this.store.changed();
    }
  }

  #become(visitorToken) {
    this.memory.keep({ visitorToken });
    this.#socket = this.#socket?.close() ?? null; // another's
  }

  /** Came back over the socket already, and so will the answer. */
  #hasArrived(item) {
    const isPending = this.outbox.items.some((candidate) => candidate.key === item.key);
    return !isPending && this.connection === "live" && this.conversation !== null;
  }

  async #ask(item) {
    const { answers, campaign } = this.conversationId ? {} : this;
    const facts = {
      ...{ sessionId: this.memory.sessionId, conversationId: this.conversationId, isNobody: !this.memory.visitorToken },
      ...(answers ? { preChat: answers } : {}),
      ...(campaign ? { campaignId: campaign.id, locale: campaign.locale } : {}),
    };
    const { conversationId, isNobody, ...aim } = this.outbox.aim(item.key, facts);
    const site = isNobody ? this.stranger : this.site; // somebody else's same words would be another conversation
    const said = { ...aim, message: item.text, clientMessageId: item.key };
    try {
      return await this.#say(site, conversationId ? { ...said, conversationId } : said);
    } catch (problem) {
      if (problem.details.form) this.#askAgain(item, problem.details);
      if (STORED.has(problem.code) && conversationId) return { body: { conversationId } };
      if (problem.code === "conversation_ended") return this.#say(this.site, { ...said, clientMessageId: `${item.key}-anew` });
      // A visitor whose token is no longer good is a new visitor; its old threads stay out of reach.
      if (problem.status !== 401 || !this.memory.visitorToken) throw problem;
      return this.#say(this.stranger, { ...said, clientMessageId: `${item.key}-again` });
    }
  }

  /** Nothing was stored, so the next attempt may say something else. */
  #askAgain(item, { form, fields }) {
    this.outbox.forget(item.key);
    this.#form = form;
    this.answers = null;
    this.refused = fields;
  }

  #say(api, said) {
    const path = `/api/widgets/${this.widgetId}/chat`;
    const request = { key: undefined, deadline: ANSWER_DEADLINE };
    // Who is new has no token yet and so no socket: the answer itself brings them the words.
    return this.#socket ? api.post(path, said, request) : api.stream(path, said, (words) => this.#hear(words), request);
  }

  #listen() {
    if (this.#socket) return;
    this.#socket = new ReconnectingSocket("/api/ws/chat", {
      credentials: async () => ({ token: this.widgetToken, visitorToken: this.memory.visitorToken }),
      onReset: (seq) => this.#restart(seq),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#connected(state),
    });
  }

  #receive(frame) {
    if (frame.type === "assistant:delta" && frame.data.conversationId === this.conversationId) this.#hear(frame.data);
    if (frame.type === "message:new") this.#draft.forget();
    if (frame.type === "message:new" && frame.data.role === "visitor") this.outbox.confirm(frame.data);
    if (frame.type === "conversation:new" && !this.conversationId) {
      this.conversationId = frame.data.id;
      this.store.open(this.conversationId); // its first words follow
    }
    this.visitor.hasSeen(frame.seq);
    if (!this.store.apply(frame)) this.#catchUp();
  }

  #hear(words) {
    this.#draft.hear(words);
    this.store.changed();
  }

  #connected(state) {
    this.connection = state;
    this.store.changed();
  }

  #restart(seq) {
    this.visitor.startAt(seq);
    this.store.clear();
    if (this.conversationId) this.store.open(this.conversationId);
    return this.#catchUp();
  }

  /** The conversation in view, else the newest one. */
  async #catchUp() {
    try {
      const { body } = await this.visitor.get("/api/v1/chat/visitor/conversations");
      this.store.takeConversations(body.data);
      if (!this.conversationId && !this.#isFresh) this.conversationId = body.data[0]?.id ?? null;
      if (this.conversationId) await readConversation(this.visitor, this.store, this.conversationId);
      this.isLoaded = true;
      this.store.changed();
    } catch (problem) {
      this.#troubled(problem);
    }
  }

  /** A page that could not read what is there keeps trying: frames alone would leave a hole. */
  #troubled(problem) {
    console.warn("Verbatim: the conversation could not be loaded.", problem);
    if (problem.status === 0 || problem.status >= 429) setTimeout(() => this.#catchUp(), AGAIN);
  }

  #keep(items) {
    this.memory.keep({ outbox: items });
    this.store.changed();
  }
}
