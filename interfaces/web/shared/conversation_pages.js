/** A conversation out of the API, page by page, into the store. */

/** Pages of one reading; more is read when it is asked for again. */
const MOST_PAGES = 40;

/**
 * Oldest messages first; from now on the store keeps what comes. Raises Refused.
 * @param {import("./api.js").Api} api
 * @param {import("./store.js").Store} store
 * @param {string} id
 */
export async function readConversation(api, store, id) {
  store.open(id);
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { body } = await api.get(`/api/v1/chat/conversations/${id}`, { query: { cursor } });
    const { messages, ...head } = body;
    store.takeConversations([head]);
    store.takeMessages(id, messages.data);
    cursor = messages.nextCursor;
    if (!cursor) return;
  }
}
