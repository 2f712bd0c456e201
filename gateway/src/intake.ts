import type { Metrics } from "@similarfaces/runtime";
import { acceptPhoto, type AcceptOptions, type AcceptedJob, type JobRequest } from "./accept.js";
import type { Admission } from "./admission.js";
import { followJob, type FollowOptions } from "./jobOutcome.js";

/** The one door for photos, whichever route they come by. */
export interface Intake {
  /** Before a photo is read, for what will be refused need not be sent. @throws StageFailure overloaded or unavailable */
  check(): void;
  /** @throws StageFailure as acceptPhoto does */
  accept(photo: Uint8Array, request: JobRequest): Promise<AcceptedJob>;
}

export interface IntakeOptions {
  admission: Admission;
  accepting: AcceptOptions;
  following: FollowOptions;
  metrics: Metrics;
}

export function openIntake({ admission, accepting, following, metrics }: IntakeOptions): Intake {
  const { relay, log } = following;
  return {
    check: () => admission.check(),
    async accept(photo, request) {
      const job = await acceptPhoto(photo, request, accepting, (jobId) => relay.expect(jobId));
      metrics.uploadBytes.inc(photo.byteLength);
      followJob(job, following).catch((err: unknown) =>
        log.warn({ jobId: job.jobId, err }, "a job is not followed"),
      );
      return job;
    },
  };
}
