/** The form before a conversation: drawn from the config, checked here for comfort, by the server for real. */

import { el } from "../shared/dom.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {"text" | "textarea" | "email" | "phone" | "number" | "select" | "checkbox"} type
 * @property {string} label
 * @property {boolean} required
 * @property {{value: string, label: string}[]} options
 */

const INPUTS = { email: ["email", "email"], phone: ["tel", "tel"], number: ["number", null], text: ["text", null] };
const KNOWN = { name: "name", email: "email", phone: "tel" };

export class Asking {
  /** @type {Field[]} */
  #fields = [];

  /**
   * @param {HTMLFormElement} form empty but for a heading, an intro, a place for fields and a submit button
   * @param {(answers: Record<string, string | number | boolean>) => void} done
   */
  constructor(form, done) {
    this.form = form;
    this.done = done;
    form.noValidate = true;
    form.addEventListener("submit", (event) => this.#submit(event));
  }

  /**
   * @param {string} title
   * @param {{intro: string, fields: Field[]}} asked
   * @param {Record<string, string>} texts
   */
  show(title, { intro, fields }, texts) {
    this.#fields = fields;
    this.texts = texts;
    this.form.querySelector("h2").textContent = title;
    const lead = this.form.querySelector(".intro");
    lead.textContent = intro;
    lead.hidden = !intro;
    this.form.querySelector(".fields").replaceChildren(...fields.map((field) => this.#draw(field)));
  }

  focus() {
    this.form.querySelector("input, select, textarea, button")?.focus();
  }

  /** @param {{name: string, reason: string}[]} refused what the server did not take, `preChat.` before each name */
  complain(refused) {
    const reasons = new Map(refused.map(({ name, reason }) => [name.replace(/^preChat\./, ""), reason]));
    for (const { name } of this.#fields) this.#mark(name, reasons.get(name) ?? "");
    this.form.querySelector("[aria-invalid=true]")?.focus();
  }

  #draw(field) {
    const id = `ask-${field.name}`;
    const isTick = field.type === "checkbox";
    const mark = field.required ? el("span", { class: "must", "aria-hidden": true }, " *") : null;
    const label = el("label", { for: id }, field.label, mark);
    const control = this.#control(field, id);
    const problem = el("p", { class: "problem", id: `${id}-problem`, hidden: true });
    const rows = isTick ? [el("div", { class: "tick" }, control, label)] : [label, control];
    return el("div", { class: "field" }, ...rows, problem);
  }

  #control({ name, type, required, options }, id) {
    const facts = { id, name, required, "aria-describedby": `${id}-problem`, autocomplete: KNOWN[name] };
    if (type === "textarea") return el("textarea", { ...facts, rows: 3, maxlength: 1000 });
    if (type === "checkbox") return el("input", { ...facts, type });
    if (type !== "select") {
      const [kind, autocomplete] = INPUTS[type];
      const step = type === "number" ? "any" : null;
      return el("input", { ...facts, type: kind, step, autocomplete: autocomplete ?? KNOWN[name], maxlength: 1000 });
    }
    const choices = options.map(({ value, label }) => el("option", { value }, label));
    return el("select", facts, el("option", { value: "" }, this.texts.choose), ...choices);
  }

  #submit(event) {
    event.preventDefault();
    let isWhole = true;
    for (const { name, required } of this.#fields) {
      const control = this.form.elements.namedItem(name);
      const isMissing = required && (control.type === "checkbox" ? !control.checked : !control.value.trim());
      const isRight = !isMissing && control.checkValidity();
      this.#mark(name, isRight ? "" : isMissing ? this.texts.needed : control.validationMessage);
      isWhole &&= isRight;
    }
    if (isWhole) this.done(this.#answers());
    else this.form.querySelector("[aria-invalid=true]")?.focus();
  }

  #answers() {
    const answers = {};
    for (const { name, type } of this.#fields) {
      const control = this.form.elements.namedItem(name);
      if (type === "checkbox") answers[name] = control.checked;
      else if (control.value.trim()) answers[name] = type === "number" ? Number(control.value) : control.value.trim();
    }
    return answers;
  }

  #mark(name, reason) {
    const control = this.form.elements.namedItem(name);
    const problem = this.form.querySelector(`#ask-${name}-problem`);
    control.setAttribute("aria-invalid", String(Boolean(reason)));
    problem.textContent = reason;
    problem.hidden = !reason;
  }
}
