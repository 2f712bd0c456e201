import type { JobFailure } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Reader } from "../access/caller.js";
import type { HttpReply } from "../http/http.js";
import { failureOf } from "../requests/failures.js";
import { eventStreamReply } from "./eventStream.js";
import type { Relay } from "./relay.js";
import type { Viewer } from "./viewer.js";

/**
 * A job's events as server-sent events: `id` is the stream's sequence, `event` the stage's name, `data` one result.
 * Of several events of one message only the last has an id, so that who was cut off between them gets all of them again. `complete` is the last, or `failure` in its place.
 */
export function streamEvents(
  relay: Relay,
  metrics: Metrics,
  jobId: string,
  after: number,
  reader: Reader,
  headers: Record<string, string> = {},
): HttpReply {
  return eventStreamReply(
    metrics,
    (stream) => {
      const viewer: Viewer = {
        cork: (deliver) => stream.cork(deliver),
        event: ({ sequence, isLast, event, json }) =>
          stream.send({ ...(isLast ? { id: sequence } : {}), event: event.stage, data: json }),
        complete(completion) {
          stream.send({ event: "complete", data: JSON.stringify(completion) });
          stream.end();
        },
        fail(failure) {
          const said: JobFailure = { jobId, failure: failureOf(failure) };
          stream.send({ event: "failure", data: JSON.stringify(said) });
          stream.end();
        },
      };
      const viewing = relay.view(jobId, after, viewer, reader);
      stream.onDrain(() => viewing.resume());
      stream.onClose(() => viewing.stop());
    },
    headers,
  );
}
