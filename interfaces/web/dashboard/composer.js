/** Where the agent writes: replies and private notes, a draft per conversation, canned responses after a slash. */

import { el, find } from "../shared/dom.js";
import { MentionPicker } from "./mention_picker.js";

const TALLEST = 220;
const SLASH = /^\/(\S*)$/;
const HINTS = { reply: "Enter sends, / finds canned responses", note: "Enter adds it, @ mentions agents and teams" };

export class Composer {
  #drafts = new Map();
  #forId = null;
  #found = [];
  #chosen = 0;
  #search = 0;

  /** @param {import("./desk.js").Desk} desk @param {(problem: Error) => void} complain */
  constructor(desk, complain) {
    this.desk = desk;
    this.complain = complain;
    this.isNote = false;
    this.field = /** @type {HTMLTextAreaElement} */ (find("#text"));
    this.button = /** @type {HTMLButtonElement} */ (find("#send"));
    this.popup = find("#canned");
    this.people = new MentionPicker(this.field, desk, () => this.#typed());
    this.field.oninput = () => this.#typed();
    this.field.onkeydown = (event) => this.#key(event);
    find("#composer").onsubmit = (event) => this.#submit(event);
    find("#mode-reply").onclick = () => this.write(false);
    find("#mode-note").onclick = () => this.write(true);
  }

  /** Follows the selected conversation; what was begun for another one waits there. */
  draw() {
    const conversation = this.desk.selected;
    if (this.#forId !== this.desk.selectedId) this.#turnTo(this.desk.selectedId);
    const hasEnded = conversation?.status === "resolved";
    if (hasEnded) this.isNote = true;
    find("#mode-reply").toggleAttribute("disabled", hasEnded);
    find("#mode-reply").ariaPressed = String(!this.isNote);
    find("#mode-note").ariaPressed = String(this.isNote);
    find("#composer").classList.toggle("is-note", this.isNote);
    find("#composer-hint").textContent = this.isNote ? HINTS.note : HINTS.reply;
    this.field.placeholder = this.#placeholder(conversation);
    this.button.textContent = this.isNote ? "Add note" : "Send";
  }

  /** @param {boolean} isNote */
  write(isNote) {
    this.isNote = isNote;
    this.draw();
    this.field.focus();
  }

  #placeholder(conversation) {
    if (this.isNote) return "Only your team will read this…";
    if (conversation && !conversation.assigneeId) return "Write a reply; it makes the conversation yours…";
    return "Write a reply…";
  }

  #turnTo(id) {
    if (this.#forId) this.#drafts.set(this.#forId, { text: this.field.value, isNote: this.isNote });
    const { text = "", isNote = false } = this.#drafts.get(id) ?? {};
    this.#forId = id;
    this.isNote = isNote;
    this.#put(text);
  }

  #put(text) {
    this.field.value = text;
    this.#typed();
  }

  #typed() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, TALLEST)}px`;
    const slash = SLASH.exec(this.field.value);
    if (slash) this.#lookUp(slash[1]);
    else this.#showCanned([]);
    if (this.isNote) this.people.follow();
    else this.people.close();
  }

  async #lookUp(text) {
    const search = (this.#search += 1);
    try {
      const found = await this.desk.cannedResponses(text);
      if (search === this.#search && SLASH.test(this.field.value)) this.#showCanned(found);
    } catch (problem) {
      this.complain(problem);
    }
  }

  #showCanned(found) {
    this.#found = found;
    this.#choose(0);
    this.popup.hidden = found.length === 0;
    this.field.ariaExpanded = String(found.length > 0);
  }

  #choose(index) {
    this.#chosen = (index + this.#found.length) % (this.#found.length || 1);
    this.popup.replaceChildren(...this.#found.map((canned, at) => this.#option(canned, at)));
    const chosen = this.popup.children[this.#chosen];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #option({ shortcut, title, body }, at) {
    // pointerdown, not click: the field keeps the focus.
    const take = (event) => {
      event.preventDefault();
      this.#put(body);
    };
    const facts = { id: `canned-${at}`, role: "option", "aria-selected": String(at === this.#chosen), onpointerdown: take };
    return el("li", facts, el("kbd", {}, `/${shortcut}`), el("b", {}, title), el("span", {}, body));
  }

  #key(event) {
    if (event.isComposing) return;
    const isOpen = !this.popup.hidden;
    if (this.people.isOpen && this.people.key(event)) event.preventDefault();
    else if (isOpen && this.#keyInCanned(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      find("#composer").requestSubmit();
    } else if (event.key === "Escape") this.field.blur();
  }

  #keyInCanned({ key }) {
    if (key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (key === "Enter" || key === "Tab") this.#put(this.#found[this.#chosen].body);
    else if (key === "Escape") this.#showCanned([]);
    else return false;
    return true;
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text || !this.desk.selectedId) return;
    this.#search += 1;
    this.#put("");
    this.desk.outbox.post(text, { conversationId: this.desk.selectedId, private: this.isNote });
  }
}
