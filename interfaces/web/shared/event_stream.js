/** Server-sent events of an answer to a POST, which a browser's own EventSource cannot ask for. */

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{name: string, data: any}>} each as it comes; comments are passed over
 */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parsed(block);
      if (event) yield event;
    }
  }
}

function parsed(block) {
  const match = /^event: (\S+)\ndata: (.*)$/.exec(block);
  return match ? { name: match[1], data: JSON.parse(match[2]) } : null;
}
