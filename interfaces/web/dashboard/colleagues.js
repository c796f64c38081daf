/** Who works here: the agents and teams by id and by name, and which of them a text names. Draws nothing. */

/**
 * @typedef {object} Colleague somebody who can be mentioned
 * @property {string} id `agt_…` or `tea_…`
 * @property {string} name
 * @property {"agent" | "team"} kind
 */

const ANSWERING = new Set(["owner", "admin", "supervisor", "agent"]);
const PAGE = 200;
const MOST_PAGES = 20;

export class Colleagues {
  /** @type {Map<string, string>} */
  #names = new Map();
  /** @type {Colleague[]} */
  #mentionable = [];
  /** @type {Map<string, string>} what was picked last for a name that several have */
  #picked = new Map();

  /** @param {import("../shared/api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  /** Raises Refused. */
  async read() {
    const [agents, teams] = [await this.#all("/api/v1/agents"), await this.#all("/api/v1/teams")];
    this.#names = new Map([...agents, ...teams].map(({ id, name }) => [id, name ?? "A former colleague"]));
    const present = agents.filter(({ isActive, role, name }) => isActive && name && ANSWERING.has(role));
    this.#mentionable = [
      ...present.map(({ id, name }) => ({ id, name, kind: "agent" })),
      ...teams.map(({ id, name }) => ({ id, name, kind: "team" })),
    ];
  }

  /** @param {string | null | undefined} id @returns {string} */
  nameOf(id) {
    return this.#names.get(id ?? "") ?? "A colleague";
  }

  /** @param {string} typed the beginning of a word of their names @returns {Colleague[]} */
  find(typed) {
    const wanted = typed.toLocaleLowerCase();
    return this.#mentionable.filter(({ name }) => ` ${name.toLocaleLowerCase()}`.includes(` ${wanted}`));
  }

  /** @param {Colleague} colleague whom the writer means by this name from now on */
  pick({ id, name }) {
    this.#picked.set(name, id);
  }

  /** @param {string} text @returns {string[]} ids of those whom it names, each once */
  namedIn(text) {
    const byName = new Map(this.#mentionable.map(({ id, name }) => [name, id]));
    const named = [...text.matchAll(pattern([...byName.keys()]))].map(([, name]) => name);
    return [...new Set(named.map((name) => this.#picked.get(name) ?? byName.get(name)))];
  }

  async #all(path) {
    const found = [];
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { body } = await this.api.get(path, { query: { limit: PAGE, cursor } });
      found.push(...body.data);
      cursor = body.nextCursor;
      if (!cursor) break;
    }
    return found;
  }
}

/** @param {string[]} names @returns {RegExp} `@` and one of these names, the longest first; nothing where there are none */
export function pattern(names) {
  const known = names.filter(Boolean).sort((a, b) => b.length - a.length);
  const words = known.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return words.length ? new RegExp(`@(${words.join("|")})(?![\\p{L}\\p{N}_])`, "gu") : /(?!)/g;
}
