/** Beside the conversation: the agents who take part in it, and the button to join them or to leave. */

import { el, find, KeyedList } from "../shared/dom.js";

export class ParticipantsPanel {
  /** @param {import("./desk.js").Desk} desk @param {(problem: Error) => void} complain */
  constructor(desk, complain) {
    this.desk = desk;
    this.complain = complain;
    this.button = /** @type {HTMLButtonElement} */ (find("#take-part"));
    this.list = new KeyedList(find("#participants"), ({ id }) => id, (entry) => this.#draw(entry));
    this.button.onclick = () => this.#toggle();
  }

  draw() {
    const conversation = this.desk.selected;
    if (!conversation) return;
    const { assigneeId } = conversation;
    const ids = agentsIn(conversation);
    this.list.show(ids.map((id) => ({ id, name: this.desk.nameOf(id), isOwner: id === assigneeId })));
    find("#participants-empty").hidden = ids.length > 0;
    this.button.hidden = assigneeId === this.desk.me;
    this.button.textContent = this.#takesPart ? "Leave" : "Join";
    this.button.ariaLabel = this.#takesPart ? "Leave this conversation" : "Join this conversation";
  }

  get #takesPart() {
    return agentsIn(this.desk.selected).includes(this.desk.me);
  }

  async #toggle() {
    this.button.disabled = true;
    try {
      await (this.#takesPart ? this.desk.leave() : this.desk.join());
    } catch (problem) {
      this.complain(problem);
    } finally {
      this.button.disabled = false;
    }
  }

  #draw({ name, isOwner }) {
    return el("li", {}, el("span", {}, name), isOwner && el("span", { class: "chip is-agent" }, "Has it"));
  }
}

function agentsIn(conversation) {
  return (conversation?.participants ?? []).filter(({ kind }) => kind === "agent").map(({ id }) => id);
}
