/** Who is logged in here: tokens in this tab only, renewed before they end. */

import { Api } from "../shared/api.js";

/**
 * @typedef {object} Tokens
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {number} endsAt milliseconds since 1970
 * @property {{id: string, name: string, email: string, role: string, tenantId: string}} user
 */

const NAME = "verbatim:session";
const MARGIN = 30_000;

export class Session {
  /** @type {Tokens | null} */
  #tokens = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
  #renewal = null;

  /** @param {() => void} ended called when nobody is logged in any more */
  constructor(ended) {
    this.ended = ended;
    this.door = new Api(() => ({}));
    this.api = new Api(async () => ({ Authorization: `Bearer ${await this.token()}` }), () => this.renew());
  }

  get user() {
    return this.#tokens?.user ?? null;
  }

  /** Raises Refused: login_failed. */
  async login(email, password) {
    const { body } = await this.door.post("/api/v1/auth/login", { email, password });
    this.#take(body);
  }

  /** After coming back from a company's provider: the session that waits for this browser. Raises Refused. */
  async enterByCompany() {
    const { body } = await this.door.post("/api/v1/auth/oidc/session");
    this.#take(body);
  }

  /** Ends the session, here in any case. Raises Refused if the server could not be told. */
  async logout() {
    try {
      await this.api.post("/api/v1/auth/logout");
    } finally {
      this.#forget();
    }
  }

  /** @returns {Promise<string>} an access token that is good for a while. Raises Refused. */
  async token() {
    if (this.#tokens && this.#tokens.endsAt - Date.now() < MARGIN) await this.renew();
    return this.#tokens?.accessToken ?? "";
  }

  /** A refresh token is good once: whoever asks meanwhile waits for the same renewal. */
  renew() {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew() {
    try {
      const { body } = await this.door.post("/api/v1/auth/refresh", { refreshToken: this.#tokens?.refreshToken });
      this.#take({ user: this.user, ...body });
    } catch (problem) {
      if (problem.status === 400 || problem.status === 401) this.#forget();
      throw problem;
    }
  }

  #take({ accessToken, refreshToken, expiresIn, user }) {
    this.#tokens = { accessToken, refreshToken, endsAt: Date.now() + expiresIn * 1000, user };
    sessionStorage.setItem(NAME, JSON.stringify(this.#tokens));
  }

  #forget() {
    this.#tokens = null;
    sessionStorage.removeItem(NAME);
    this.ended();
  }
}
