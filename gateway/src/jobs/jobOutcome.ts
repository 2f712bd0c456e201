import type { ResultEvent, StageFailure } from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { Blobs, Log, Metrics, Span, TraceContext, Tracing } from "@similarfaces/runtime";
import { GATEWAY } from "../access/caller.js";
import type { AcceptedJob } from "./accept.js";
import type { Relay } from "../relay/relay.js";
import type { StageClock } from "../system/stageTimes.js";
import { deleteUpload } from "./uploads.js";
import type { Viewer } from "../relay/viewer.js";

/** handed_over: this gateway ended before the job, which goes on and is shown by the others; its end is counted by none. */
export type JobOutcome = "complete" | "failed" | "expired" | "deleted" | "handed_over";

export interface FollowOptions {
  relay: Relay;
  metrics: Metrics;
  log: Log;
  tracing: Tracing;
  clock: StageClock;
  blobs: Blobs;
}

/** Before another attempt, where the stream could not be read. */
const FOLLOW_AGAIN_MS = 1_000;

/** From a photo's arrival to its last answer. */
export function startJobSpan({ tracing }: FollowOptions, trace: TraceContext): Span {
  return tracing.start("job", { parent: trace });
}

/**
 * Follows a job that this gateway accepted to its end, whether or not it has other viewers: counts its times and its outcome, logs one
 * line, and ends the job's span.
 */
export function followJob(job: AcceptedJob, options: FollowOptions, span: Span): void {
  const { jobId, acceptedAtMs } = job;
  const { relay, metrics, log, clock } = options;
  const { context } = span;
  const { traceId } = context;
  const sinceAccepted = () => Math.max(0, (Date.now() - acceptedAtMs) / 1_000);
  let hasAttribute = false;
  let isExtracted = false;
  const failures: { stage: string; face?: number; code: string }[] = [];
  const end = (outcome: JobOutcome, completion?: Completion) => {
    if (!isExtracted && outcome !== "handed_over") void deleteUpload(jobId, options);
    metrics.jobs.inc({ outcome });
    if (outcome === "complete") metrics.jobAllResults.observe({}, sinceAccepted(), context);
    const faces = completion?.faces ?? 0;
    const elapsedMs = completion?.elapsedMs ?? Date.now() - acceptedAtMs;
    const expired = completion?.expired.length ?? 0;
    log.info({ jobId, traceId, outcome, faces, elapsedMs, expired, failures }, "job ended");
    span.set({ "similarfaces.job": jobId, "similarfaces.outcome": outcome, "similarfaces.faces": faces });
    if (outcome === "failed" || outcome === "expired") span.fail(failures[0]?.code ?? outcome);
    span.end();
  };
  const follower: Viewer = {
    event({ event }) {
      clock.record(event, Date.now());
      const { stage, face, failure, extract } = event;
      if (failure) failures.push({ stage, ...(face === undefined ? {} : { face }), code: failure.code });
      if (stage === "extract" && extract) {
        isExtracted = true;
        metrics.jobFirstBox.observe({}, sinceAccepted(), context);
        metrics.jobFaces.observe(extract.faces.length);
        span.event("first box", { "similarfaces.faces": extract.faces.length });
      }
      if (!hasAttribute && isAttribute(event)) {
        hasAttribute = true;
        metrics.jobFirstAttribute.observe({}, sinceAccepted(), context);
        span.event("first attribute", { "similarfaces.stage": stage });
      }
      return true;
    },
    complete: (completion) => end(outcomeOf(completion, failures.length > 0), completion),
    fail(failure) {
      const outcome = relay.isClosed ? "handed_over" : outcomeWithout(failure);
      if (outcome) return end(outcome);
      log.warn({ jobId, traceId, err: failure }, "a job cannot be followed yet");
      setTimeout(follow, FOLLOW_AGAIN_MS);
    },
  };
  const follow = () => void relay.view(jobId, 0, follower, GATEWAY);
  follow();
}

/** An analyzer's answer, or the most similar faces of the gallery: the first of either is what people wait for. */
function isAttribute({ analysis, match }: ResultEvent): boolean {
  return analysis !== undefined || match !== undefined;
}

function outcomeOf({ state, expired }: Completion, anyFailed: boolean): JobOutcome {
  if (state === "deleted") return "deleted";
  if (expired.length > 0) return "expired";
  return anyFailed ? "failed" : "complete";
}

/** Of a job of which nothing is stored any more; undefined where the stream could not be read. */
function outcomeWithout({ code }: StageFailure): JobOutcome | undefined {
  if (code === "job_deleted") return "deleted";
  return code === "job_expired" || code === "job_not_found" ? "expired" : undefined;
}
