import { StageFailure, isJobId } from "@similarfaces/contracts";
import type { LiveMessage, LiveQuestion } from "@similarfaces/contracts/api";
import type { Metrics } from "@similarfaces/runtime";
import type { Caller, Reader } from "../access/caller.js";
import type { LiveSocket } from "../http/http.js";
import type { InstalledStages } from "../system/installedStages.js";
import { sendAnalyzers, type AnalyzerNews } from "./analyzerNews.js";
import type { KnownEvent } from "./jobEvents.js";
import type { Witness } from "./finishedJobs.js";
import type { Relay } from "./relay.js";
import type { Viewer, Viewing } from "./viewer.js";
import { failureOf } from "../requests/failures.js";

/** Jobs that one socket may watch at once, and finished ones whose deletion it may wait for: as many as a page shows of a visit. */
const JOBS_MAX = 64;

export interface LiveSources {
  relay: Relay;
  installed: InstalledStages;
  metrics: Metrics;
}

/**
 * One WebSocket of a page.
 * To the gateway: {"type":"watch","jobId","after","share"} and {"type":"unwatch","jobId"}; `share` is a share link's token. For a finished job
 * that is shown, {"type":"deletion","jobId","share"}. And {"type":"analyzers"}.
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
  /** How to stop waiting for deletions, by the job. */
  const deletions = new Map<string, () => void>();
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
    for (const stop of deletions.values()) stop();
    deletions.clear();
    news?.stop();
  });
  socket.onMessage((text) => {
    const question = parse(text);
    if (!question) return fail("", new StageFailure("bad_request", EXPECTED));
    if (question.type === "analyzers") {
      news ??= sendAnalyzers(installed, (analyzers) => send({ type: "analyzers", analyzers }));
    } else if (question.type === "watch") watch(question);
    else if (question.type === "deletion") awaitDeletion(question);
    else {
      viewings.get(question.jobId)?.stop();
      viewings.delete(question.jobId);
      deletions.get(question.jobId)?.();
      deletions.delete(question.jobId);
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
    viewings.set(jobId, relay.view(jobId, after, viewer, readerWith(share), socket));
  }

  function awaitDeletion({ jobId, share }: JobQuestion): void {
    if (deletions.has(jobId)) return;
    if (deletions.size >= JOBS_MAX) {
      return fail(
        jobId,
        new StageFailure("bad_request", `A socket waits for ${JOBS_MAX} deletions at most.`),
      );
    }
    const witness: Witness = {
      deleted: (tombstone) => {
        deletions.delete(jobId);
        sendText(resultText(jobId, tombstone));
      },
      fail: (failure) => {
        deletions.delete(jobId);
        fail(jobId, failure);
      },
    };
    deletions.set(jobId, relay.witness(jobId, witness, readerWith(share), socket));
  }

  function readerWith(share: string | undefined): Reader {
    return { mayRead: (id, owner) => caller.mayRead(id, owner, share) };
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

const isAboutJob = (type: unknown): type is JobQuestion["type"] =>
  type === "watch" || type === "unwatch" || type === "deletion";

const EXPECTED = "A message is a JSON object with the type analyzers, or with type and jobId.";

function parse(text: string): LiveQuestion | undefined {
  try {
    const { type, jobId, after = 0, share } = JSON.parse(text) as Record<string, unknown>;
    if (type === "analyzers") return { type };
    if (!isAboutJob(type) || typeof jobId !== "string" || !isJobId(jobId)) return undefined;
    if (typeof after !== "number" || !Number.isSafeInteger(after) || after < 0) return undefined;
    if (share !== undefined && typeof share !== "string") return undefined;
    return { type, jobId, after, ...(share === undefined ? {} : { share }) };
  } catch {
    return undefined;
  }
}
