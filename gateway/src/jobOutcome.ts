import { ANALYZERS, type ResultEvent } from "@similarfaces/contracts";
import type { Log, Metrics } from "@similarfaces/runtime";
import type { AcceptedJob } from "./accept.js";
import type { Completion, Relay } from "./relay.js";
import type { StageClock } from "./stageTimes.js";

export type JobOutcome = "complete" | "failed" | "expired" | "deleted";

export interface FollowOptions {
  relay: Relay;
  metrics: Metrics;
  log: Log;
  clock: StageClock;
}

const ATTRIBUTES: readonly string[] = [...ANALYZERS, "match"];

/**
 * Follows a job that this gateway accepted to its end, whoever else watches: its times and its outcome are counted once, here, and
 * one line says how it went. Resolves when the job is followed, not when it is complete.
 */
export async function followJob(
  job: AcceptedJob,
  { relay, metrics, log, clock }: FollowOptions,
): Promise<void> {
  const { jobId, acceptedAtMs } = job;
  const sinceAccepted = () => Math.max(0, (Date.now() - acceptedAtMs) / 1_000);
  let hasAttribute = false;
  const failures: { stage: string; code: string }[] = [];
  await relay.view(jobId, 0, {
    event({ event }) {
      clock.record(event, Date.now());
      if (event.failure) failures.push({ stage: event.stage, code: event.failure.code });
      if (event.extract) {
        metrics.jobFirstBox.observe(sinceAccepted());
        metrics.jobFaces.observe(event.extract.faces.length);
      }
      if (!hasAttribute && isAttribute(event)) {
        hasAttribute = true;
        metrics.jobFirstAttribute.observe(sinceAccepted());
      }
      return true;
    },
    complete(completion) {
      const outcome = outcomeOf(completion, failures.length > 0);
      metrics.jobs.inc({ outcome });
      if (outcome === "complete") metrics.jobAllResults.observe(sinceAccepted());
      const { faces, elapsedMs, expired } = completion;
      log.info({ jobId, outcome, faces, elapsedMs, expired: expired.length, failures }, "job ended");
    },
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
