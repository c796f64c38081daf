/** The list of mentions in place of the inbox's rows: who wrote what to whom, unread ones first to see. */

import { el, find, KeyedList } from "../shared/dom.js";
import { ageElement } from "../shared/time.js";
import { contactName } from "./inbox.js";
import { withNames } from "./mention_text.js";

const GLANCE = 160;

export class MentionRows {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.list = new KeyedList(find("#mentions"), ({ row }) => row.id, (entry) => this.#draw(entry));
    find("#mentions-more").onclick = () => this.desk.showMore();
  }

  draw() {
    const { mentions, selectedId, tab } = this.desk;
    const isOn = tab === "mentions";
    find("#mentions").hidden = !isOn;
    find("#rows").hidden = isOn;
    find("#mentions-more").hidden = !isOn || !mentions.hasMore;
    if (!isOn) return;
    this.list.show(mentions.rows.map((row) => ({ row, isOpen: row.conversationId === selectedId })));
    find("#rows-empty").hidden = mentions.rows.length > 0;
    find("#rows-empty").textContent = "Nobody has mentioned you yet.";
  }

  #draw({ row, isOpen }) {
    const { conversationId, contact_data: contact, text, createdAt, read } = row;
    const glance = text?.slice(0, GLANCE) ?? "(erased)";
    const words = withNames(glance, row.mentions, this.desk, (plain) => [plain]);
    return el(
      "li",
      {},
      el(
        "a",
        { href: `#${conversationId}`, class: read ? "row" : "row is-unread", "aria-current": isOpen ? "true" : null },
        el("span", { class: "who" }, this.desk.nameOf(row.authorId)),
        ageElement(createdAt),
        el("span", { class: "words" }, ...words),
        !read && el("span", { class: "badge dot", role: "img", "aria-label": "unread" }),
        el("span", { class: "state" }, el("span", { class: "chip" }, contactName(contact))),
      ),
    );
  }
}
