/** Logging in with a company's account: away to its provider, and back with a session that is taken once. */

import { find } from "../shared/dom.js";

const NAME = "verbatim:company";
const WORKSPACE = /^tnt_[0-9]{1,10}$/;
const REASONS = {
  agent_deactivated: "You are deactivated here. Ask your administrator.",
  denied: "Your company's login was not completed.",
  domain_refused: "This e-mail address may not log in here.",
  email_unverified: "Your company has not verified your e-mail address.",
  expired: "This login took too long, or was begun elsewhere. Try again.",
  not_configured: "There is no company login for this workspace.",
  not_invited: "Nobody has invited you yet. Ask your administrator.",
  owners_use_passwords: "Owners log in with their password.",
  provider_unavailable: "Your company's login does not answer. Try again in a while.",
  too_many_tries: "Too many failed logins. Try again later.",
};
const UNKNOWN = "Logging in with your company account did not work.";

export class CompanyLogin {
  /** What is to be told once the door is open. */
  #trouble = null;
  #isChosen = false;

  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    find("#company-login").addEventListener("submit", (event) => this.#leave(event));
  }

  /** Reads what the address brings and takes it out of there: it is no conversation. Logs in where it says so. */
  async arrive() {
    const [, name, value] = location.hash.match(/^#(company|company-login)(?:=(.*))?$/) ?? [];
    if (!name) return;
    history.replaceState(null, "", location.pathname + location.search);
    if (name === "company") this.#choose(value);
    else if (value) this.#trouble = { sentence: REASONS[value] ?? UNKNOWN, asks: value === "not_configured" };
    else await this.#enter();
  }

  /** For the open door: what went wrong, or the way in that a link has chosen. */
  tell() {
    if (this.#isChosen) find("#company-button").focus();
    if (!this.#trouble) return;
    const trouble = find("#company-trouble");
    trouble.textContent = this.#trouble.sentence;
    trouble.hidden = false;
    if (this.#trouble.asks) this.#ask();
  }

  async #enter() {
    try {
      await this.session.enterByCompany();
    } catch (problem) {
      this.#trouble = { sentence: REASONS[problem.details?.reason] ?? problem.message, asks: false };
    }
  }

  #choose(workspace) {
    if (!WORKSPACE.test(workspace ?? "")) return;
    localStorage.setItem(NAME, workspace);
    this.#isChosen = true;
  }

  #leave(event) {
    event.preventDefault();
    const field = find("#company-field");
    const typed = field.hidden ? localStorage.getItem(NAME) : find("#company").value.trim();
    if (!WORKSPACE.test(typed ?? "")) {
      this.#ask();
      return;
    }
    localStorage.setItem(NAME, typed);
    location.assign(`/api/v1/auth/oidc/${typed}/start`);
  }

  #ask() {
    const input = find("#company");
    find("#company-field").hidden = false;
    input.required = true;
    input.value ||= localStorage.getItem(NAME) ?? "";
    input.focus();
  }
}
