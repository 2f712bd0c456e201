import type { JobState } from "@similarfaces/contracts";
import type { Completion } from "@similarfaces/contracts/api";
import type { KnownEvent } from "./jobEvents.js";

/** What ends a stream of events, of a job that is complete or deleted: as it will stay. */
export function completionOf(job: JobState, events: readonly KnownEvent[], nowMs: number): Completion {
  return {
    jobId: job.jobId,
    state: job.state === "deleted" ? "deleted" : "complete",
    faces: job.faces.length,
    elapsedMs: Math.max(0, lastFinishedAtMs(events, nowMs) - (job.accepted?.acceptedAtMs ?? nowMs)),
    expired: expiredFields(job),
  };
}

function lastFinishedAtMs(events: readonly KnownEvent[], nowMs: number): number {
  const times = events.map(({ event }) => event.timings?.finishedAtMs ?? 0);
  const last = Math.max(0, ...times);
  return last > 0 ? last : nowMs;
}

function expiredFields(job: JobState): Completion["expired"] {
  const expired: Completion["expired"] = job.extract.state === "expired" ? [{ stage: "extract" }] : [];
  for (const { index, fields } of job.faces) {
    for (const [stage, field] of Object.entries(fields)) {
      if (field.state === "expired") expired.push({ stage, face: index });
    }
  }
  return expired;
}
