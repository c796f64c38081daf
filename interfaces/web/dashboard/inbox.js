/** The list on the left: tabs with counts, one row per conversation, who waits and how long. */

import { el, find, KeyedList } from "../shared/dom.js";
import { ageElement } from "../shared/time.js";

const TABS = [
  { tab: "mine", name: "Mine", empty: "Nobody is waiting for you." },
  { tab: "unassigned", name: "Unassigned", empty: "Every conversation has somebody." },
  { tab: "open", name: "All open", empty: "No open conversations." },
  { tab: "mentions", name: "Mentions", empty: "" },
];
const GLANCE = 120;
const SPEAKERS = { visitor: "", agent: "Team: ", assistant: "Assistant: " };

export class Inbox {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.tabs = new KeyedList(find("#tabs"), ({ tab }) => tab, (tab) => this.#drawTab(tab));
    this.list = new KeyedList(find("#rows"), ({ row }) => row.id, (entry) => this.#drawRow(entry));
    find("#more").onclick = () => this.desk.showMore();
  }

  draw() {
    const { desk } = this;
    const rows = desk.rows;
    const counts = { ...desk.counts, mentions: desk.mentions.unread };
    this.tabs.show(TABS.map(({ tab, name }) => ({ tab, name, count: counts[tab], isOn: desk.tab === tab })));
    this.list.show(rows.map((row) => ({ row, isOn: row.id === desk.selectedId, owner: desk.nameOf(row.assigneeId) })));
    find("#rows-empty").hidden = rows.length > 0 || !desk.isLoaded;
    find("#rows-empty").textContent = TABS.find(({ tab }) => tab === desk.tab)?.empty ?? "";
    find("#more").hidden = !desk.hasMore;
  }

  /** @param {1 | -1} step moves the focus among the rows, from the open one if none has it */
  move(step) {
    const links = [...find(this.desk.tab === "mentions" ? "#mentions" : "#rows").querySelectorAll("a")];
    const at = links.findIndex((link) => link === document.activeElement);
    const from = at >= 0 ? at : links.findIndex((link) => link.ariaCurrent === "true");
    const next = from < 0 ? 0 : Math.min(Math.max(from + step, 0), links.length - 1);
    links[next]?.focus();
  }

  #drawTab({ tab, name, count, isOn }) {
    const isUnread = tab === "mentions" && count > 0;
    const heard = isUnread && el("span", { class: "only-heard" }, " unread");
    const label = [`${name} `, el("span", { class: isUnread ? "count is-unread" : "count" }, count), heard];
    return el("button", { type: "button", "aria-pressed": String(isOn), onclick: () => this.desk.show(tab) }, ...label);
  }

  #drawRow({ row, isOn, owner }) {
    const { lastMessage, unread, waitingSince } = row;
    const words = lastMessage ? SPEAKERS[lastMessage.role] + (lastMessage.text ?? "(erased)") : "No message yet";
    const label = words.slice(0, GLANCE);
    return el(
      "li",
      {},
      el(
        "a",
        { href: `#${row.id}`, class: unread ? "row is-unread" : "row", "aria-current": isOn ? "true" : null },
        el("span", { class: "who" }, contactName(row.contact_data)),
        ageElement(lastMessage?.createdAt ?? row.startedAt),
        el("span", { class: "words" }, label),
        unread > 0 && el("span", { class: "badge", "aria-label": `${unread} unread` }, unread),
        el("span", { class: "state" }, chip(row, owner), waitingSince && waiting(waitingSince)),
      ),
    );
  }
}

/** @param {{id: string, name?: string | null}} contact @returns {string} its name, else a short handle */
export function contactName(contact) {
  return contact?.name || `Visitor ${contact?.id.slice(-4) ?? ""}`;
}

function chip({ handledBy }, owner) {
  if (handledBy === "bot") return el("span", { class: "chip is-bot" }, "Assistant");
  if (handledBy === "queue") return el("span", { class: "chip is-queue" }, "In the queue");
  return el("span", { class: "chip is-agent" }, owner);
}

function waiting(since) {
  const element = ageElement(since, "waiting");
  element.classList.add("waiting");
  return element;
}
