/**
 * A conversation as it is read: days, groups of messages, and the moments between them.
 * Everything follows from the conversation and its messages, so a reload shows the same as the live page.
 */

import { day } from "./time.js";

/** @typedef {import("./store.js").Message} Message */
/** @typedef {import("./store.js").Conversation} Conversation */
/** @typedef {{key: string, kind: "day" | "moment", text: string, at?: string | null}} Mark */
/** @typedef {{key: string, kind: "message", message: Message, startsGroup: boolean}} Line */

const GROUP = 5 * 60_000;

/**
 * @param {Conversation} conversation
 * @param {Message[]} messages in order
 * @param {(agentId: string | null | undefined) => string} nameOf how an agent is called on this page
 * @returns {(Mark | Line)[]}
 */
export function timeline(conversation, messages, nameOf) {
  const entries = [];
  let before = null;
  let speaker = null;
  const notice = noticed(conversation.notice);
  for (const message of messages) {
    if (notice.at && notice.at < message.createdAt) entries.push(...notice.take());
    if (!before || day(before.createdAt) !== day(message.createdAt)) entries.push(dayMark(message));
    if (joins(message, speaker)) entries.push(moment(`joined-${message.id}`, `${nameOf(message.authorId)} joined`));
    entries.push({ key: message.id, kind: "message", message, startsGroup: startsGroup(before, message, entries) });
    if (message.role === "agent" && !message.private) speaker = message.authorId;
    before = message;
  }
  return [...entries, ...notice.take(), ...standing(conversation, speaker, nameOf)];
}

/** The mail to a visitor who had left, once, at its place among the messages. */
function noticed(notice) {
  const left = notice ? [moment("notice", noticeText(notice), notice.at)] : [];
  return { at: left[0]?.at, take: () => left.splice(0) };
}

function noticeText({ status, via, replies }) {
  const what = `${replies} unread ${replies === 1 ? "reply" : "replies"}`;
  if (status === "failed") return `The visitor could not be notified of ${what}`;
  return via === "email" ? `Notified the visitor by e-mail of ${what}` : `No mail about ${what}: no mail server is set`;
}

/** Where the conversation stands now, after all that was said. */
function standing(conversation, speaker, nameOf) {
  const { status, handledBy, assigneeId, endedAt, waitingSince } = conversation;
  if (status === "resolved") return [moment("ended", "Conversation ended", endedAt)];
  if (handledBy === "queue") return [moment("queued", "Waiting for a person", waitingSince)];
  if (handledBy === "agent" && speaker !== assigneeId) return [moment("joined", `${nameOf(assigneeId)} joined`)];
  return [];
}

function joins(message, speaker) {
  return message.role === "agent" && !message.private && message.authorId !== speaker;
}

function startsGroup(before, message, entries) {
  if (!before || entries.at(-1)?.kind !== "message") return true;
  const gap = new Date(message.createdAt).getTime() - new Date(before.createdAt).getTime();
  return before.authorId !== message.authorId || before.private !== message.private || gap > GROUP;
}

function dayMark(message) {
  const text = day(message.createdAt);
  return { key: `day-${text}`, kind: "day", text };
}

function moment(key, text, at = null) {
  return { key, kind: "moment", text, at };
}
