import type { Metrics } from "@similarfaces/runtime";
import type { EventSink, HttpReply, HttpRequest } from "../http/http.js";

/** Proxies close silent connections; a comment keeps the stream open, and clients ignore it. */
const COMMENT_EVERY_MS = 15_000;

export interface ServerSentEvent {
  /** What a client sends as `Last-Event-ID` when it connects again. */
  id?: number;
  event: string;
  /** JSON. */
  data: string;
}

/** An open response that gets server-sent events until either side ends it. */
export interface EventStream extends Omit<EventSink, "send"> {
  /** False if the client reads too slowly: what was given is kept, more should wait for `onDrain`. */
  send(event: ServerSentEvent): boolean;
}

export function wantsEvents(request: Pick<HttpRequest, "header">): boolean {
  return request.header("accept")?.includes("text/event-stream") ?? false;
}

/** Answers with server-sent events: those that `open` sends, and a comment every 15 seconds. */
export function eventStreamReply(
  metrics: Metrics,
  open: (stream: EventStream) => void,
  headers: Record<string, string> = {},
): HttpReply {
  const kind = "sse";
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      ...headers,
    },
    stream: (sink) => {
      metrics.sockets.inc({ kind });
      const comments = setInterval(() => sink.send(": keep-alive\n\n"), COMMENT_EVERY_MS);
      sink.onClose(() => {
        clearInterval(comments);
        metrics.sockets.dec({ kind });
      });
      open({
        cork: (work) => sink.cork(work),
        send({ id, event, data }) {
          const text = `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
          const ok = sink.send(text);
          metrics.relayEvents.inc({ kind });
          metrics.relayBytes.inc({ kind }, text.length);
          if (!ok) metrics.relayDrops.inc({ kind });
          return ok;
        },
        onDrain: (listener) => sink.onDrain(listener),
        onClose: (listener) => sink.onClose(listener),
        end: () => sink.end(),
      });
    },
  };
}
