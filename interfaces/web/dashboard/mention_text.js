/** Names in a note: those whom it mentions stand out, and whoever is not named in its words stands below them. */

import { el, prose } from "../shared/dom.js";
import { pattern } from "./colleagues.js";

/**
 * @param {string} text
 * @param {string[] | undefined} mentions ids
 * @param {import("./desk.js").Desk} desk
 * @param {(words: string) => (Node | string)[]} [between] what becomes of the rest; where links cannot stand, only words
 * @returns {(Node | string)[]} the text, with `@name` of these marked
 */
export function withNames(text, mentions, desk, between = prose) {
  const names = new Map((mentions ?? []).map((id) => [desk.colleagues.nameOf(id), id]));
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(pattern([...names.keys()]))) {
    parts.push(...between(text.slice(end, match.index)), named(match[0], names.get(match[1]) === desk.me));
    end = match.index + match[0].length;
  }
  return [...parts, ...between(text.slice(end))];
}

/**
 * @param {string | null} text
 * @param {string[] | undefined} mentions
 * @param {import("./desk.js").Desk} desk
 * @returns {HTMLElement | null} whom the note reaches without saying so
 */
export function unnamed(text, mentions, desk) {
  const silent = (mentions ?? []).filter((id) => !text?.match(pattern([desk.colleagues.nameOf(id)])));
  if (!silent.length) return null;
  return el("p", { class: "sources" }, "To ", ...silent.map((id) => named(`@${desk.colleagues.nameOf(id)}`, id === desk.me)));
}

function named(text, isMe) {
  return el("span", { class: isMe ? "mention is-me" : "mention" }, text);
}
