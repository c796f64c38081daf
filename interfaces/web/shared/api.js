/**
 * Requests in the contract's form: JSON in and out, one error body, repeats that are safe, reads that
 * have seen the writes before them.
 */

import { eventsOf } from "./event_stream.js";

/**
 * @typedef {object} Answer
 * @property {any} body
 * @property {number} position the tenant's seq this answer has reached, 0 if the server did not say
 */

/**
 * @typedef {object} Request
 * @property {unknown} [body]
 * @property {Record<string, string | number | null | undefined>} [query]
 * @property {string} [key] Idempotency-Key; a write without one gets its own
 * @property {Record<string, string>} [headers]
 * @property {number} [deadline] milliseconds, 15 000 unless told
 */

const DEADLINE = 15_000;
const PATIENCE = 3;

/** What the server, or the way to it, refused. `code` never changes; `message` is for people. */
export class Refused extends Error {
  /** @param {{status: number, code: string, message: string, details?: any, requestId?: string}} facts */
  constructor({ status, code, message, details, requestId }) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.details = details ?? {};
    this.requestId = requestId;
  }
}

/** One caller with one credential. Remembers the highest position it was told and reads at least that. */
export class Api {
  #position = 0;

  /**
   * @param {() => Promise<Record<string, string>> | Record<string, string>} credentials headers of every request
   * @param {(() => Promise<void>) | null} [renew] makes the next credentials fresh; asked once per expired request
   */
  constructor(credentials, renew = null) {
    this.credentials = credentials;
    this.renew = renew;
  }

  /** @param {string} path @param {Request} [request] @returns {Promise<Answer>} raises Refused */
  get(path, request = {}) {
    return this.#attempt("GET", path, request);
  }

  /** @param {string} path @param {unknown} [body] @param {Request} [request] @returns {Promise<Answer>} raises Refused */
  post(path, body = undefined, request = {}) {
    return this.#attempt("POST", path, { key: newKey(), ...request, body });
  }

  /** @param {string} path @param {Request} [request] @returns {Promise<Answer>} raises Refused */
  delete(path, request = {}) {
    return this.#attempt("DELETE", path, { key: newKey(), ...request });
  }

  /**
   * @param {string} path @param {unknown} body @param {(words: any) => void} hear each `delta`
   * @param {Request} [request] @returns {Promise<Answer>} the `done`; raises Refused
   */
  async stream(path, body, hear, request = {}) {
    const headers = { ...request.headers, Accept: "text/event-stream" };
    const answer = await this.#accepted("POST", path, { key: newKey(), ...request, headers, body });
    if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream") || !answer.body) return this.#read(answer);
    try {
      for await (const { name, data } of eventsOf(answer.body)) {
        if (name === "done") return { body: data, position: this.#positionOf(answer) };
        hear(data);
      }
    } catch (cause) {
      throw unreachable(cause);
    }
    throw unreachable("The stream broke off.");
  }

  /** @param {number | undefined} position something of it is known here: later reads wait for it */
  hasSeen(position) {
    this.#position = Math.max(this.#position, position ?? 0);
  }

  /** @param {number} position the server's history begins anew here, maybe before what was seen */
  startAt(position) {
    this.#position = position;
  }

  async #attempt(method, path, request) {
    return this.#read(await this.#accepted(method, path, request));
  }

  async #accepted(method, path, request) {
    let renewed = false;
    for (let round = 1; ; round += 1) {
      const answer = await this.#fetch(method, path, request);
      if (answer.ok) return answer;
      const refused = await refusal(answer);
      if (refused.code === "token_expired" && this.renew && !renewed) {
        renewed = true;
        await this.renew();
      } else if (answer.status === 503 && round < PATIENCE) {
        await pause(Number(answer.headers.get("Retry-After") ?? 1));
      } else throw refused;
    }
  }

  async #fetch(method, path, { body, query, key, headers, deadline = DEADLINE }) {
    const sent = new Headers({ Accept: "application/json", ...(await this.credentials()), ...headers });
    if (method === "GET" && this.#position > 0) sent.set("X-Min-Position", String(this.#position));
    if (method !== "GET" && key) sent.set("Idempotency-Key", key);
    if (body !== undefined) sent.set("Content-Type", "application/json");
    const payload = body === undefined ? undefined : JSON.stringify(body);
    try {
      return await fetch(withQuery(path, query), { method, headers: sent, body: payload, signal: AbortSignal.timeout(deadline) });
    } catch (cause) {
      throw unreachable(cause);
    }
  }

  async #read(answer) {
    const position = this.#positionOf(answer);
    const isEmpty = answer.status === 204 || answer.headers.get("Content-Length") === "0";
    return { body: isEmpty ? null : await answer.json(), position };
  }

  #positionOf(answer) {
    const position = Number(answer.headers.get("X-Event-Position") ?? 0);
    this.hasSeen(position);
    return position;
  }
}

/** @returns {string} 128 random bits; also where the page is not a secure context and randomUUID is missing */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} seconds */
function pause(seconds) {
  return new Promise((done) => setTimeout(done, Math.min(seconds, 5) * 1000));
}

function unreachable(cause) {
  const details = { cause: String(cause) };
  return new Refused({ status: 0, code: "unreachable", message: "The server cannot be reached.", details });
}

async function refusal(answer) {
  const unknown = { code: "unexpected", message: `The server answered ${answer.status}.` };
  const body = await answer.json().catch(() => ({}));
  return new Refused({ status: answer.status, ...(body.error ?? unknown) });
}

function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}
