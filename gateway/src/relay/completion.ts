import type { FaceStage, JobState, StageName } from "@similarfaces/contracts";
import type { StoredEvent } from "./storedResults.js";

/** What ends a stream of events: the job as it will stay. */
export interface Completion {
  jobId: string;
  state: JobState["state"];
  faces: number;
  /** From acceptance to the last answer, or to the deadline. */
  elapsedMs: number;
  expired: { stage: StageName; face?: number }[];
}

export function completionOf(job: JobState, events: readonly StoredEvent[], nowMs: number): Completion {
  return {
    jobId: job.jobId,
    state: job.state,
    faces: job.faces.length,
    elapsedMs: Math.max(0, lastFinishedAtMs(events, nowMs) - (job.accepted?.acceptedAtMs ?? nowMs)),
    expired: expiredFields(job),
  };
}

function lastFinishedAtMs(events: readonly StoredEvent[], nowMs: number): number {
  const times = events.map(({ event }) => event.timings?.finishedAtMs ?? 0);
  const last = Math.max(0, ...times);
  return last > 0 ? last : nowMs;
}

function expiredFields(job: JobState): Completion["expired"] {
  const expired: Completion["expired"] = job.extract.state === "expired" ? [{ stage: "extract" }] : [];
  for (const { index, fields } of job.faces) {
    for (const [stage, field] of Object.entries(fields)) {
      if (field.state === "expired") expired.push({ stage: stage as FaceStage, face: index });
    }
  }
  return expired;
}
