import { StageFailure, isJobId } from "@similarfaces/contracts";
import type { LiveMessage, LiveQuestion } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Caller, Reader } from "../access/caller.js";
import type { LiveSocket } from "../http/http.js";
import type { Relay } from "./relay.js";
import type { Viewer, Viewing } from "./viewer.js";
import { failureOf } from "../requests/failures.js";

/** Jobs that one socket may watch at once: a visit's filmstrip, not a crawl. */
const JOBS_MAX = 64;

/**
 * One WebSocket of a page.
 * To the gateway: {"type":"watch","jobId","after","share"} and {"type":"unwatch","jobId"}; `share` is a share link's token.
 * From it: {"type":"result","jobId","sequence","event"}, {"type":"complete",...}, {"type":"failure","jobId","failure"}.
 */
export function serveSocket(socket: LiveSocket, caller: Caller, relay: Relay, metrics: Metrics): void {
  const kind = "websocket";
  const viewings = new Map<string, Viewing>();
  metrics.sockets.inc({ kind });
  const send = (message: LiveMessage): boolean => {
    const text = JSON.stringify(message);
    const ok = socket.send(text);
    metrics.relayEvents.inc({ kind });
    metrics.relayBytes.inc({ kind }, text.length);
    if (!ok) metrics.relayDrops.inc({ kind });
    return ok;
  };
  const fail = (jobId: string, error: unknown) =>
    void send({ type: "failure", jobId, failure: failureOf(error) });

  socket.onDrain(() => {
    for (const viewing of viewings.values()) viewing.resume();
  });
  socket.onClose(() => {
    metrics.sockets.dec({ kind });
    for (const viewing of viewings.values()) viewing.stop();
    viewings.clear();
  });
  socket.onMessage((text) => {
    const message = parse(text);
    if (!message)
      return fail("", new StageFailure("bad_request", "A message is a JSON object with type and jobId."));
    const { type, jobId, after, share } = message;
    if (type === "unwatch") {
      viewings.get(jobId)?.stop();
      viewings.delete(jobId);
      return;
    }
    if (viewings.has(jobId)) return;
    if (viewings.size >= JOBS_MAX) {
      return fail(jobId, new StageFailure("bad_request", `A socket watches at most ${JOBS_MAX} jobs.`));
    }
    const viewer: Viewer = {
      cork: (deliver) => socket.cork(deliver),
      event: ({ sequence, event }) => send({ type: "result", jobId, sequence, event }),
      complete: (completion) => {
        viewings.delete(jobId);
        send({ type: "complete", ...completion });
      },
      fail: (failure) => {
        viewings.delete(jobId);
        fail(jobId, failure);
      },
    };
    const reader: Reader = { mayRead: (id, owner) => caller.mayRead(id, owner, share) };
    viewings.set(jobId, relay.view(jobId, after, viewer, reader, socket));
  });
}

function parse(text: string): (LiveQuestion & { after: number }) | undefined {
  try {
    const { type, jobId, after = 0, share } = JSON.parse(text) as Record<string, unknown>;
    if ((type !== "watch" && type !== "unwatch") || typeof jobId !== "string" || !isJobId(jobId))
      return undefined;
    if (typeof after !== "number" || !Number.isSafeInteger(after) || after < 0) return undefined;
    if (share !== undefined && typeof share !== "string") return undefined;
    return { type, jobId, after, ...(share === undefined ? {} : { share }) };
  } catch {
    return undefined;
  }
}
