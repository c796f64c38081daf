/** What the agent has in front: the inbox and the open conversation, read once, kept up by the socket. Draws nothing. */

import { readConversation } from "../shared/conversation_pages.js";
import { Outbox } from "../shared/outbox.js";
import { ReconnectingSocket } from "../shared/socket.js";
import { Store } from "../shared/store.js";
import { Colleagues } from "./colleagues.js";
import { Mentions } from "./mentions.js";

/** @typedef {"mine" | "unassigned" | "open" | "mentions"} Tab */

const FILTERS = { mine: { assignee: "me" }, unassigned: { assignee: "none" }, open: {}, mentions: { participant: "me" } };
const TAB = "verbatim:tab";
const PAGE = 50;
const CALM = 400;
const LATER = 3_000;

export class Desk {
  /** @type {Tab} */
  tab = FILTERS[sessionStorage.getItem(TAB)] ? sessionStorage.getItem(TAB) : "unassigned";
  selectedId = null;
  counts = { mine: 0, unassigned: 0, open: 0 };
  connection = "connecting";
  isLoaded = false;
  #cursors = { mine: null, unassigned: null, open: null, mentions: null };
  #refresh = 0;
  #retry = 0;

  /** @param {import("./session.js").Session} session @param {(problem: Error) => void} complain */
  constructor(session, complain) {
    this.session = session;
    this.api = session.api;
    this.complain = complain;
    this.store = new Store();
    this.colleagues = new Colleagues(this.api);
    this.mentions = new Mentions(this.api, () => this.store.changed());
    this.outbox = new Outbox((item) => this.#send(item), () => this.store.changed());
    this.socket = new ReconnectingSocket("/api/ws/tenant", {
      credentials: (renewed) => this.#credentials(renewed),
      onReset: (seq) => this.#reload(seq),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#connected(state),
    });
  }

  get me() {
    return this.session.user?.id ?? null;
  }

  /** @returns {import("../shared/store.js").Conversation | null} */
  get selected() {
    return this.store.conversations.get(this.selectedId) ?? null;
  }

  /** The rows of the tab: who waits longest first, then the latest word. */
  get rows() {
    const rows = [...this.store.conversations.values()].filter((row) => this.#isInTab(row));
    return rows.sort((a, b) => waitsSince(a) - waitsSince(b) || lastAt(b) - lastAt(a));
  }

  get hasMore() {
    return this.tab !== "mentions" && this.#cursors[this.tab] !== null;
  }

  /** @param {string | null | undefined} agentId @returns {string} how the page calls a member of the team */
  nameOf(agentId) {
    return agentId === this.me ? "You" : this.colleagues.nameOf(agentId);
  }

  close() {
    clearTimeout(this.#refresh);
    clearTimeout(this.#retry);
    this.socket.close();
  }

  /** @param {Tab} tab */
  async show(tab) {
    this.tab = tab;
    sessionStorage.setItem(TAB, tab);
    this.store.changed();
    await this.#attempt(() => this.#readRows());
  }

  async showMore() {
    const isOfMentions = this.tab === "mentions";
    await this.#attempt(() => (isOfMentions ? this.mentions.readMore() : this.#readRows(this.#cursors[this.tab])));
  }

  /** @param {string | null} id */
  async select(id) {
    this.selectedId = id;
    if (id) this.store.open(id);
    this.store.changed();
    if (id && this.isLoaded) await this.#attempt(() => this.#readConversation(), () => this.seen());
  }

  /** Raises Refused: already_accepted, at_capacity, conversation_ended. */
  accept(id) {
    return this.#command(`/api/v1/chat/agent/conversations/${id}/accept`);
  }

  /** Ending twice changes nothing. Raises Refused. */
  end(id) {
    return this.#command(`/api/v1/chat/conversations/${id}/end`);
  }

  /** Raises Refused. */
  async join() {
    await this.api.post(`/api/v1/chat/conversations/${this.selectedId}/participants`, { agentId: "me" });
    await this.#readConversation();
  }

  /** Raises Refused: owner_takes_part. */
  async leave() {
    await this.api.delete(`/api/v1/chat/conversations/${this.selectedId}/participants/me`);
    await this.#readConversation();
  }

  /** What is shown of the open conversation was seen, if anybody looks at the page. Raises Refused. */
  async seen() {
    const id = this.selectedId;
    const last = id && this.store.messages(id).at(-1);
    if (!last || document.hidden) return;
    await this.mentions.saw(id, last.version);
    const row = this.store.conversations.get(id);
    if (!row?.unread || row.assigneeId !== this.me) return; // who only looks in on a colleague has read for nobody
    await this.api.post(`/api/v1/chat/conversations/${id}/read`, { upTo: last.version });
  }

  /** @param {string} text what was typed after the slash */
  async cannedResponses(text) {
    const { body } = await this.api.get("/api/v1/chat/canned-responses", { query: { q: text, limit: 8 } });
    return body.data;
  }

  async #command(path) {
    const { body } = await this.api.post(path);
    this.store.takeConversations([head(body.conversation)]);
    this.#refreshSoon();
  }

  async #send({ key, conversationId, text, private: isPrivate }) {
    const { mentions } = this.outbox.aim(key, { mentions: isPrivate ? this.colleagues.namedIn(text) : [] });
    const said = { text, private: isPrivate, mentions, clientMessageId: key };
    const path = `/api/v1/chat/conversations/${conversationId}/messages`;
    const { body } = await this.api.post(path, said, { key: undefined });
    this.store.takeMessages(conversationId, [body.message]);
    if (this.connection !== "live") this.#refreshSoon();
  }

  #receive(frame) {
    if (frame.type === "message:new" && frame.data.authorId === this.me) this.outbox.confirm(frame.data);
    const isKnown = this.store.apply(frame);
    this.api.hasSeen(frame.seq);
    if (!isKnown || frame.type !== "message:new") this.#refreshSoon();
    if (this.mentions.isNewsOf(frame)) this.#attempt(() => this.mentions.read(), () => this.seen());
    else if (frame.data.conversationId === this.selectedId) this.#attempt(() => this.seen());
  }

  #connected(state) {
    this.connection = state;
    this.store.changed();
    if (state === "refused") this.session.logout().catch(this.complain);
  }

  async #credentials(renewed) {
    if (renewed) await this.session.renew();
    return { token: await this.session.token() };
  }

  #reload(seq) {
    this.api.startAt(seq);
    this.store.clear();
    if (this.selectedId) this.store.open(this.selectedId);
    const named = [() => this.#readTeam(), () => this.#readConversation()]; // names first: they are drawn once
    return this.#attempt(() => this.#readRows(), ...named, () => this.mentions.read(), () => this.seen());
  }

  /** Counts, and rows this page has not seen: one read for a burst of events. */
  #refreshSoon() {
    this.#refresh ||= setTimeout(() => {
      this.#refresh = 0;
      this.#attempt(() => this.#readRows());
    }, CALM);
  }

  /** Reads, and tries again while the way is cut: frames alone would leave a hole. */
  async #attempt(...reads) {
    try {
      for (const read of reads) await read();
    } catch (problem) {
      this.complain(problem);
      if (isPassing(problem)) this.#retry = setTimeout(() => this.#attempt(...reads), LATER);
    }
  }

  async #readRows(cursor = null) {
    const tab = this.tab;
    const query = { status: "open", ...FILTERS[tab], sort: "waiting", limit: PAGE, cursor };
    const { body } = await this.api.get("/api/v1/chat/agent/conversations", { query });
    this.isLoaded = true;
    this.counts = body.counts;
    this.#cursors[tab] = body.nextCursor;
    this.store.takeConversations(body.data);
  }

  async #readTeam() {
    await this.colleagues.read();
    this.store.changed();
  }

  async #readConversation() {
    if (this.selectedId) await readConversation(this.api, this.store, this.selectedId);
  }

  #isInTab(row) {
    if (row.status !== "open" || this.tab === "mentions") return false;
    if (this.tab === "mine") return row.assigneeId === this.me;
    return this.tab === "open" || !row.assigneeId;
  }
}

/** Worth another try: no way to the server, too much at once, or a server in trouble. */
function isPassing({ status }) {
  return status === 0 || status >= 429;
}

function head({ messages: _, ...conversation }) {
  return conversation;
}

/** Those who do not wait come after everybody who does. */
function waitsSince(row) {
  return row.waitingSince ? new Date(row.waitingSince).getTime() : Number.MAX_SAFE_INTEGER;
}

function lastAt(row) {
  return new Date(row.lastMessage?.createdAt ?? row.startedAt).getTime();
}
