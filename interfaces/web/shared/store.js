/**
 * What the page knows: snapshots read by REST, moved on by the frames of the socket.
 * Every fact carries its conversation's version, so it does not matter what comes first or twice.
 */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} conversationId
 * @property {"visitor" | "agent" | "assistant"} role
 * @property {string | null} authorId
 * @property {string | null} text null: erased
 * @property {boolean} private
 * @property {string} createdAt
 * @property {number} version
 * @property {number} seq
 * @property {{articleId: string, title: string}[]} [citations]
 * @property {string[]} [mentions] of a note: `agt_…` and `tea_…`
 * @property {boolean} [mentioned] in a frame: this note reaches whoever hears it
 */

/**
 * @typedef {object} Conversation what a row of the inbox and a conversation's head have in common
 * @property {string} id
 * @property {string} channel
 * @property {"open" | "pending" | "snoozed" | "resolved"} status
 * @property {"bot" | "queue" | "agent"} handledBy
 * @property {string | null} assigneeId
 * @property {{id: string, name?: string | null, email?: string | null}} contact_data
 * @property {string} startedAt
 * @property {string | null} [endedAt]
 * @property {number} version
 * @property {{text: string | null, role: string, createdAt: string} | null} [lastMessage]
 * @property {number} [unread]
 * @property {string | null} [waitingSince]
 * @property {{status: "sent" | "failed", replies: number, at: string, via?: string} | null} [notice] to somebody who left
 * @property {{kind: string, id: string}[]} [participants]
 */

export class Store {
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Map<string, Map<string, Message>>} only of conversations somebody has opened */
  #transcripts = new Map();
  #listeners = new Set();

  /** @param {() => void} listener called after every change */
  subscribe(listener) {
    this.#listeners.add(listener);
  }

  /** Tells every listener to look again. */
  changed() {
    for (const listener of this.#listeners) listener();
  }

  /** Forgets everything: the next snapshot starts anew. */
  clear() {
    this.conversations.clear();
    this.#transcripts.clear();
  }

  /** @param {string} id from now on keeps this conversation's messages */
  open(id) {
    if (!this.#transcripts.has(id)) this.#transcripts.set(id, new Map());
  }

  /** @param {string} id @returns {Message[]} in the order of the log */
  messages(id) {
    return [...(this.#transcripts.get(id)?.values() ?? [])].sort((a, b) => a.version - b.version);
  }

  /** @param {Conversation[]} rows a page of the inbox, or one conversation's head */
  takeConversations(rows) {
    for (const row of rows) {
      const known = this.conversations.get(row.id);
      if (known && row.version < known.version) continue;
      const contact = { ...known?.contact_data, ...row.contact_data };
      this.conversations.set(row.id, { ...known, ...row, contact_data: contact });
    }
    this.changed();
  }

  /** @param {string} id @param {Message[]} messages any part of its transcript */
  takeMessages(id, messages) {
    this.open(id);
    for (const message of messages) this.#transcripts.get(id)?.set(message.id, message);
    this.changed();
  }

  /**
   * @param {import("./socket.js").Frame} frame a durable frame
   * @returns {boolean} false if it speaks of a conversation unknown here: read a snapshot that has it
   */
  apply(frame) {
    const change = CHANGES[frame.type];
    if (!change) return true;
    const isKnown = change(this, frame);
    this.changed();
    return isKnown;
  }

  /** @param {string} id @param {Partial<Conversation> & {version: number}} facts older ones change nothing */
  advance(id, facts) {
    const known = this.conversations.get(id);
    if (!known) return false;
    if (facts.version > known.version) this.conversations.set(id, { ...known, ...facts });
    return true;
  }

  /** @param {string} id @param {Conversation["notice"]} notice is told beside the conversation: it moves no version */
  note(id, notice) {
    const known = this.conversations.get(id);
    if (!known) return false;
    this.conversations.set(id, { ...known, notice });
    return true;
  }

  /** @param {Message} message */
  add(message) {
    this.#transcripts.get(message.conversationId)?.set(message.id, message);
  }
}

/** Changes that say what differs, not what is: values of attributes are read by REST. */
const MERGED = {
  labels: ([gone, come], known) => [...(known?.labels ?? []).filter((label) => !gone.includes(label)), ...come].sort(),
  readTo: ([, now], known) => ({ ...known?.readTo, ...now }),
  attributes: (_, known) => known?.attributes,
  participants: ([gone, come], known) => withAgents(known?.participants?.filter(({ id }) => !gone.includes(id)), come),
};

const latest = ([, now]) => now;

/** @type {Record<string, (store: Store, frame: any) => boolean>} */
const CHANGES = {
  "conversation:new": (store, { data, at }) => {
    const row = { startedAt: at, lastMessage: null, unread: 0, waitingSince: null, ...data };
    if (!store.conversations.has(data.id)) store.conversations.set(data.id, row);
    return true;
  },
  "conversation:updated": (store, { data, at }) => {
    const facts = { version: data.version };
    const known = store.conversations.get(data.id);
    const { notice, ...changes } = data.changes; // a notice comes alone
    if (notice) return store.note(data.id, notice[1]);
    for (const [field, change] of Object.entries(changes)) facts[field] = (MERGED[field] ?? latest)(change, known);
    if (facts.assigneeId) facts.participants = withAgents(known?.participants, [facts.assigneeId]);
    if (facts.status === "resolved") Object.assign(facts, { endedAt: at, waitingSince: null });
    if (facts.status === "open") facts.endedAt = null;
    if (facts.handledBy === "queue") facts.waitingSince = at;
    return store.advance(data.id, facts);
  },
  "message:new": (store, { data }) => {
    store.add(data);
    const known = store.conversations.get(data.conversationId);
    const participants = withAgents(known?.participants, [data.authorId, ...(data.mentions ?? [])]);
    return store.advance(data.conversationId, { version: data.version, participants, ...spoken(known, data) });
  },
};

/** Who takes part after these have come; undefined where nobody has read who did before. */
function withAgents(known, come) {
  const agents = come.filter((id) => id?.startsWith("agt_") && !known?.some((one) => one.id === id));
  return known && [...known, ...agents.map((id) => ({ kind: "agent", id }))];
}

/** What a message changes in its conversation's row, by the rules of the server's own inbox. */
function spoken(known, message) {
  if (message.private) return {};
  const lastMessage = { text: message.text, role: message.role, createdAt: message.createdAt };
  if (message.role === "assistant") return { lastMessage };
  if (message.role === "agent") return { lastMessage, unread: 0, waitingSince: null };
  const waits = known?.handledBy !== "bot";
  const waitingSince = waits ? (known?.waitingSince ?? message.createdAt) : null;
  return { lastMessage, unread: (known?.unread ?? 0) + 1, waitingSince };
}
