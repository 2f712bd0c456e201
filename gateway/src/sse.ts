import type { Metrics } from "@similarfaces/runtime";
import type { Reader } from "./access/caller.js";
import type { HttpReply } from "./http/http.js";
import type { Relay } from "./relay.js";
import type { Viewer, Viewing } from "./watch.js";
import { failureOf } from "./failures.js";

/** Proxies end what is silent; a comment keeps the stream open and is passed over by every client. */
const COMMENT_EVERY_MS = 15_000;

/**
 * A job's events as server-sent events: `id` is the stream's sequence, `event` the stage's name, `data` one result;
 * `complete` is the last.
 */
export function streamEvents(
  relay: Relay,
  metrics: Metrics,
  jobId: string,
  after: number,
  reader: Reader,
  headers: Record<string, string> = {},
): HttpReply {
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      ...headers,
    },
    stream: (sink) => {
      let viewing: Viewing | undefined;
      let closed = false;
      const kind = "sse";
      metrics.sockets.inc({ kind });
      const comments = setInterval(() => sink.send(": still here\n\n"), COMMENT_EVERY_MS);
      sink.onClose(() => {
        closed = true;
        clearInterval(comments);
        metrics.sockets.dec({ kind });
        viewing?.stop();
      });
      sink.onDrain(() => viewing?.resume());
      const send = (text: string): boolean => {
        const ok = sink.send(text);
        metrics.relayEvents.inc({ kind });
        metrics.relayBytes.inc({ kind }, text.length);
        if (!ok) metrics.relayDrops.inc({ kind });
        return ok;
      };
      const viewer: Viewer = {
        cork: (say) => sink.cork(say),
        event: ({ sequence, event }) =>
          send(`id: ${sequence}\nevent: ${event.stage}\ndata: ${JSON.stringify(event)}\n\n`),
        complete: (completion) => {
          send(`event: complete\ndata: ${JSON.stringify(completion)}\n\n`);
          sink.end();
        },
      };
      relay.view(jobId, after, viewer, reader).then(
        (started) => {
          viewing = started;
          if (closed) started.stop();
        },
        (error: unknown) => {
          send(`event: failure\ndata: ${JSON.stringify({ jobId, failure: failureOf(error) })}\n\n`);
          sink.end();
        },
      );
    },
  };
}
