import { StageFailure, isJobId } from "@similarfaces/contracts";
import type { LiveMessage, LiveQuestion } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Caller, Reader } from "../access/caller.js";
import type { LiveSocket } from "../http/http.js";
import type { InstalledStages } from "../system/installedStages.js";
import { sendAnalyzers, type AnalyzerNews } from "./analyzerNews.js";
import type { KnownEvent } from "./jobEvents.js";
import type { Relay } from "./relay.js";
import type { Viewer, Viewing } from "./viewer.js";
import { failureOf } from "../requests/failures.js";

/** Jobs that one socket may watch at once: as many as a page shows of a visit. */
const JOBS_MAX = 64;

export interface LiveSources {
  relay: Relay;
  installed: InstalledStages;
  metrics: Metrics;
}

/**
 * One WebSocket of a page.
 * To the gateway: {"type":"watch","jobId","after","share"} and {"type":"unwatch","jobId"}; `share` is a share link's token. And
 * {"type":"analyzers"}.
 * From it: {"type":"result","jobId","sequence","event"}, {"type":"complete",...}, {"type":"failure","jobId","failure"}; and, at once and
 * after each change, {"type":"analyzers","analyzers":[...]}.
 */
export function serveSocket(
  socket: LiveSocket,
  caller: Caller,
  { relay, installed, metrics }: LiveSources,
): void {
  const kind = "websocket";
  const viewings = new Map<string, Viewing>();
  let news: AnalyzerNews | undefined;
  metrics.sockets.inc({ kind });
  const send = (message: LiveMessage): boolean => sendText(JSON.stringify(message));
  const sendText = (text: string): boolean => {
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
    news?.resume();
  });
  socket.onClose(() => {
    metrics.sockets.dec({ kind });
    for (const viewing of viewings.values()) viewing.stop();
    viewings.clear();
    news?.stop();
  });
  socket.onMessage((text) => {
    const question = parse(text);
    if (!question) return fail("", new StageFailure("bad_request", EXPECTED));
    if (question.type === "analyzers") {
      news ??= sendAnalyzers(installed, (analyzers) => send({ type: "analyzers", analyzers }));
    } else if (question.type === "watch") watch(question);
    else {
      viewings.get(question.jobId)?.stop();
      viewings.delete(question.jobId);
    }
  });

  function watch({ jobId, after = 0, share }: JobQuestion): void {
    if (viewings.has(jobId)) return;
    if (viewings.size >= JOBS_MAX) {
      return fail(jobId, new StageFailure("bad_request", `A socket watches at most ${JOBS_MAX} jobs.`));
    }
    const viewer: Viewer = {
      cork: (deliver) => socket.cork(deliver),
      event: (known) => sendText(resultText(jobId, known)),
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
  }
}

/**
 * The message of an event, whose JSON is made once for all viewers. Its sequence is the one to go on after: of several events of one stored
 * message only the last has that of the message, the others one less, so that who was cut off between them gets all of them again.
 */
function resultText(jobId: string, { sequence, isLast, json }: KnownEvent): string {
  return `{"type":"result","jobId":"${jobId}","sequence":${isLast ? sequence : sequence - 1},"event":${json}}`;
}

type JobQuestion = Extract<LiveQuestion, { jobId: string }>;

const EXPECTED = "A message is a JSON object with the type analyzers, or with type and jobId.";

function parse(text: string): LiveQuestion | undefined {
  try {
    const { type, jobId, after = 0, share } = JSON.parse(text) as Record<string, unknown>;
    if (type === "analyzers") return { type };
    if ((type !== "watch" && type !== "unwatch") || typeof jobId !== "string" || !isJobId(jobId))
      return undefined;
    if (typeof after !== "number" || !Number.isSafeInteger(after) || after < 0) return undefined;
    if (share !== undefined && typeof share !== "string") return undefined;
    return { type, jobId, after, ...(share === undefined ? {} : { share }) };
  } catch {
    return undefined;
  }
}
