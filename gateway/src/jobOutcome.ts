import { ANALYZERS, type ResultEvent } from "@similarfaces/contracts";
import type { Log, Metrics, Span, TraceContext, Tracing } from "@similarfaces/runtime";
import { GATEWAY } from "./access/caller.js";
import type { AcceptedJob } from "./accept.js";
import type { Relay } from "./relay.js";
import type { Completion, Viewer } from "./watch.js";
import type { StageClock } from "./stageTimes.js";

export type JobOutcome = "complete" | "failed" | "expired" | "deleted";

export interface FollowOptions {
  relay: Relay;
  metrics: Metrics;
  log: Log;
  tracing: Tracing;
  clock: StageClock;
}

const ATTRIBUTES: readonly string[] = [...ANALYZERS, "match"];

/** From a photo's arrival to its last answer. */
export function startJobSpan({ tracing }: FollowOptions, trace: TraceContext): Span {
  return tracing.start("job", { parent: trace });
}

/**
 * Follows a job that this gateway accepted to its end, whoever else watches: its times and its outcome are counted once, here, and
 * one line says how it went. Ends the job's span.
 */
export function followJob(job: AcceptedJob, options: FollowOptions, span: Span): void {
  const { jobId, acceptedAtMs } = job;
  const { relay, metrics, log, clock } = options;
  const { context } = span;
  const { traceId } = context;
  const sinceAccepted = () => Math.max(0, (Date.now() - acceptedAtMs) / 1_000);
  let hasAttribute = false;
  const failures: { stage: string; face?: number; code: string }[] = [];
  const viewer: Viewer = {
    event({ event }) {
      clock.record(event, Date.now());
      const { stage, face, failure, extract } = event;
      if (failure) failures.push({ stage, ...(face === undefined ? {} : { face }), code: failure.code });
      if (extract) {
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
    complete(completion) {
      const outcome = outcomeOf(completion, failures.length > 0);
      metrics.jobs.inc({ outcome });
      if (outcome === "complete") metrics.jobAllResults.observe({}, sinceAccepted(), context);
      const { faces, elapsedMs, expired } = completion;
      log.info({ jobId, traceId, outcome, faces, elapsedMs, expired: expired.length, failures }, "job ended");
      span.set({ "similarfaces.job": jobId, "similarfaces.outcome": outcome, "similarfaces.faces": faces });
      if (outcome === "failed" || outcome === "expired") span.fail(failures[0]?.code ?? outcome);
      span.end();
    },
  };
  const viewing = relay.view(jobId, 0, viewer, GATEWAY);
  viewing.catch((err: unknown) => {
    log.warn({ jobId, traceId, err }, "a job is not followed");
    span.end();
  });
}

function isAttribute({ stage, failure }: ResultEvent): boolean {
  return !failure && ATTRIBUTES.includes(stage);
}

function outcomeOf({ state, expired }: Completion, anyFailed: boolean): JobOutcome {
  if (state === "deleted") return "deleted";
  if (expired.length > 0) return "expired";
  return anyFailed ? "failed" : "complete";
}
