import { createParser, type EventSourceMessage } from "eventsource-parser";

/** One server-sent event; `event` is absent where the server names none. */
export type StreamEvent = EventSourceMessage;

/**
 * Server-sent events from a response's body, as they come. Comments (the gateway's sign of life every 15 s) are passed over;
 * `onComment` is called for each.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onComment: () => void = () => {},
): AsyncGenerator<StreamEvent> {
  const complete: StreamEvent[] = [];
  const parser = createParser({ onComment, onEvent: (event) => void complete.push(event) });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* complete.splice(0);
  }
}
