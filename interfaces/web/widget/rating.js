/** How was it? Asked once a conversation has ended; five buttons of one group, and room for a word. */

import { el } from "../shared/dom.js";

const SCORES = [1, 2, 3, 4, 5];

export class Rating {
  #isSending = false;

  /**
   * @param {HTMLFormElement} form with a fieldset for the scores and a textarea
   * @param {(score: number, comment: string | null) => Promise<void>} send raises Refused
   */
  constructor(form, send) {
    this.form = form;
    this.send = send;
    form.querySelector(".scores").append(...SCORES.map(choice));
    form.addEventListener("submit", (event) => this.#submit(event));
    form.addEventListener("change", () => this.#draw());
  }

  /** @param {{rating: {score: number} | null} | null} conversation @param {boolean} isAsked */
  show(conversation, isAsked) {
    const isRated = Boolean(conversation?.rating);
    this.form.hidden = !isAsked || isRated;
    this.#draw();
    return isAsked && isRated;
  }

  get #score() {
    return Number(new FormData(this.form).get("score") ?? 0);
  }

  #draw() {
    this.form.querySelector(".more").hidden = !this.#score;
    this.form.querySelector("[type=submit]").disabled = this.#isSending;
  }

  async #submit(event) {
    event.preventDefault();
    if (!this.#score || this.#isSending) return;
    this.#isSending = true;
    this.#draw();
    try {
      await this.send(this.#score, this.form.elements.namedItem("comment").value.trim() || null);
      this.form.reset();
    } finally {
      this.#isSending = false;
      this.#draw();
    }
  }
}

function choice(score) {
  const id = `score-${score}`;
  const input = el("input", { type: "radio", name: "score", value: score, id, class: "only-heard" });
  return el("span", { class: "score" }, input, el("label", { for: id }, score));
}
