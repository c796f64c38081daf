/** What the assistant is writing: words that do not count until its message comes. */

/** @typedef {{conversationId?: string, offset: number, text: string}} Words `text` stands at `offset`; the rest is void */

export class Draft {
  #characters = [];

  get text() {
    return this.#characters.join("");
  }

  /** @param {Words} words counted in characters, as the server does, not in JavaScript's code units */
  hear({ offset, text }) {
    if (offset > this.#characters.length) return; // what came before was not heard here
    this.#characters = [...this.#characters.slice(0, offset), ...text];
  }

  forget() {
    this.#characters = [];
  }
}
