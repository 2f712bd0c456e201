import type { Metrics, TraceContext } from "@similarfaces/runtime";
import { acceptPhoto, type AcceptOptions, type AcceptedJob, type JobRequest } from "./accept.js";
import type { Admission } from "./admission.js";
import { failureOf } from "./failures.js";
import { followJob, startJobSpan, type FollowOptions } from "./jobOutcome.js";

/** The one door for photos, whichever route they come by. */
export interface Intake {
  /** Before a photo is read, for what will be refused need not be sent. @throws StageFailure overloaded or unavailable */
  check(): void;
  /** @throws StageFailure as acceptPhoto does */
  accept(photo: Uint8Array, request: JobRequest, trace: TraceContext): Promise<AcceptedJob>;
}

export interface IntakeOptions {
  admission: Admission;
  accepting: AcceptOptions;
  following: FollowOptions;
  metrics: Metrics;
}

export function openIntake({ admission, accepting, following, metrics }: IntakeOptions): Intake {
  const { relay } = following;
  return {
    check: () => admission.check(),
    async accept(photo, request, trace) {
      const span = startJobSpan(following, trace);
      try {
        const job = await acceptPhoto(photo, request, accepting, span, (jobId) => relay.expect(jobId));
        metrics.uploadBytes.inc(photo.byteLength);
        followJob(job, following, span);
        return job;
      } catch (error) {
        span.fail(failureOf(error).code);
        span.end();
        throw error;
      }
    },
  };
}
