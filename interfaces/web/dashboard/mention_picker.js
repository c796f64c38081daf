/** After an `@` in a note: a list of agents and teams, chosen by keyboard or pointer while the field keeps the focus. */

import { el, find } from "../shared/dom.js";

const AT = /(^|[\s(])@([^\s@]*)$/u;
const MOST_SHOWN = 8;
const LEAVING = new Set(["ArrowLeft", "ArrowRight", "Home", "End"]);

export class MentionPicker {
  #found = [];
  #chosen = 0;

  /**
   * @param {HTMLTextAreaElement} field
   * @param {import("./desk.js").Desk} desk
   * @param {() => void} typed called after a name was put into the field
   */
  constructor(field, desk, typed) {
    this.field = field;
    this.desk = desk;
    this.typed = typed;
    this.popup = find("#people");
    field.addEventListener("blur", () => this.close());
  }

  get isOpen() {
    return !this.popup.hidden;
  }

  /** Looks at what stands before the caret. */
  follow() {
    const at = this.#place();
    this.#show(at ? this.desk.colleagues.find(at.typed).slice(0, MOST_SHOWN) : []);
  }

  close() {
    this.#show([]);
  }

  /** @param {KeyboardEvent} event @returns {boolean} true where the key was for the list */
  key({ key }) {
    if (key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (key === "Enter" || key === "Tab") this.#take(this.#found[this.#chosen]);
    else if (key === "Escape") this.close();
    else {
      if (LEAVING.has(key)) this.close();
      return false;
    }
    return true;
  }

  #place() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const match = AT.exec(before);
    return match && { start: before.length - match[2].length - 1, end: before.length, typed: match[2] };
  }

  #take(colleague) {
    const at = this.#place();
    if (!at) return;
    this.desk.colleagues.pick(colleague);
    this.field.setRangeText(`@${colleague.name} `, at.start, at.end, "end");
    this.typed();
    this.close();
  }

  #show(found) {
    const wasOpen = this.isOpen;
    this.#found = found;
    this.popup.hidden = found.length === 0;
    if (!wasOpen && !found.length) return;
    this.field.setAttribute("aria-controls", found.length ? this.popup.id : "canned");
    this.field.ariaExpanded = String(found.length > 0);
    this.#choose(0);
  }

  #choose(index) {
    this.#chosen = (index + this.#found.length) % (this.#found.length || 1);
    this.popup.replaceChildren(...this.#found.map((colleague, at) => this.#option(colleague, at)));
    const chosen = this.popup.children[this.#chosen];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #option(colleague, at) {
    // pointerdown, not click: the field keeps the focus.
    const take = (event) => {
      event.preventDefault();
      this.#take(colleague);
    };
    const facts = { id: `person-${at}`, role: "option", "aria-selected": String(at === this.#chosen), onpointerdown: take };
    return el("li", facts, el("b", {}, `@${colleague.name}`), el("span", {}, colleague.kind === "team" ? "Team" : "Agent"));
  }
}
