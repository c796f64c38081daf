/** Where the visitor writes. Enter sends, Shift+Enter begins a line, the box grows with the text. */

const TALLEST = 132;

export class Composer {
  /**
   * @param {HTMLFormElement} form with one textarea and one submit button
   * @param {(text: string) => void} post
   */
  constructor(form, post) {
    this.form = form;
    this.post = post;
    this.field = form.querySelector("textarea");
    this.button = form.querySelector("button[type=submit]");
    form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("input", () => this.#fit());
    this.field.addEventListener("keydown", (event) => this.#key(event));
  }

  focus() {
    this.field.focus();
  }

  /** @param {KeyboardEvent} event an Enter that confirms a composed character (IME) is not a send */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    this.#fit();
    this.post(text);
  }

  #fit() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, TALLEST)}px`;
  }
}
