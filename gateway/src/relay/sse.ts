import type { Completion, JobFailure } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Reader } from "../access/caller.js";
import type { HttpReply } from "../http/http.js";
import type { Relay } from "./relay.js";
import type { Viewer } from "./viewer.js";
import { failureOf } from "../requests/failures.js";

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
      const kind = "sse";
      metrics.sockets.inc({ kind });
      const comments = setInterval(() => sink.send(": still here\n\n"), COMMENT_EVERY_MS);
      const send = (text: string): boolean => {
        const ok = sink.send(text);
        metrics.relayEvents.inc({ kind });
        metrics.relayBytes.inc({ kind }, text.length);
        if (!ok) metrics.relayDrops.inc({ kind });
        return ok;
      };
      const end = (event: "complete" | "failure", data: Completion | JobFailure) => {
        send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        sink.end();
      };
      const viewer: Viewer = {
        cork: (deliver) => sink.cork(deliver),
        event: ({ sequence, event }) =>
          send(`id: ${sequence}\nevent: ${event.stage}\ndata: ${JSON.stringify(event)}\n\n`),
        complete: (completion) => end("complete", completion),
        fail: (failure) => end("failure", { jobId, failure: failureOf(failure) }),
      };
      const viewing = relay.view(jobId, after, viewer, reader);
      sink.onDrain(() => viewing.resume());
      sink.onClose(() => {
        clearInterval(comments);
        metrics.sockets.dec({ kind });
        viewing.stop();
      });
    },
  };
}
