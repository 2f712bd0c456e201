import { readEvents, type StreamEvent } from "./eventStream.js";

export interface FollowOptions {
  /** The answer to the photo itself, where that is a stream of events already. */
  response?: Response;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** How long the gateway may be away. */
  patienceMs?: number;
}

/** No more can come: the job is unknown, expired or deleted, or the gateway stayed away. */
export class StreamLost extends Error {
  override readonly name = "StreamLost";
  /** Undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;
/** After these the gateway says nothing more. */
const LAST_EVENTS = ["complete", "failure"];

/**
 * The events at `/v1/jobs/<id>/events` to the last one, each once, over as many connections as it takes: whoever was cut off
 * comes back with the id of the last event seen.
 * @throws StreamLost
 */
export async function* followEvents(address: URL, options: FollowOptions = {}): AsyncGenerator<StreamEvent> {
  const { headers = {}, signal, patienceMs = PATIENCE_MS } = options;
  let { response } = options;
  let after = "";
  let heardAtMs = Date.now();
  for (;;) {
    try {
      response ??= await fetch(address, {
        headers: { ...headers, ...(after ? { "last-event-id": after } : {}) },
        ...(signal ? { signal } : {}),
      });
      if (response.status >= 400 && response.status < 500) {
        throw new StreamLost(`the gateway answered ${response.status}`, response.status);
      }
      if (response.ok && response.body) {
        for await (const event of readEvents(response.body)) {
          heardAtMs = Date.now();
          if (event.id !== "") after = event.id;
          yield event;
          if (LAST_EVENTS.includes(event.event)) return;
        }
      }
    } catch (cause) {
      if (cause instanceof StreamLost || signal?.aborted) throw cause;
      if (Date.now() - heardAtMs > patienceMs) {
        throw new StreamLost("the gateway cannot be reached", undefined, { cause });
      }
    }
    response = undefined;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
