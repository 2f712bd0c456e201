/** One server-sent event. */
export interface StreamEvent {
  event: string;
  data: string;
  id: string;
}

/**
 * Reads server-sent events from a response's body, as they come. Comments (the gateway's sign of life every 15 s) are
 * passed over. Format: WHATWG HTML, "Server-sent events", the fields this project's gateway sends.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (event) yield event;
    }
  }
}

function parseEvent(block: string): StreamEvent | undefined {
  const fields = { event: "message", data: "", id: "" };
  let any = false;
  for (const line of block.split("\n")) {
    const match = /^(event|data|id): ?(.*)$/.exec(line);
    if (!match) continue;
    any = true;
    fields[match[1] as keyof StreamEvent] += match[1] === "event" ? "" : match[2]!;
    if (match[1] === "event") fields.event = match[2]!;
  }
  return any ? fields : undefined;
}
