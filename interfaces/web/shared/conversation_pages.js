/** A conversation out of the API, page by page. */

/** Pages of one reading; more is read when it is asked for again. */
const MOST_PAGES = 40;

/**
 * Oldest messages first; `head` is the conversation without them. Raises Refused.
 * @param {import("./api.js").Api} api
 * @param {string} id
 */
export async function* conversationPages(api, id) {
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { body } = await api.get(`/api/v1/chat/conversations/${id}`, { query: { cursor } });
    const { messages, ...head } = body;
    yield { head, messages: messages.data };
    cursor = messages.nextCursor;
    if (!cursor) return;
  }
}
