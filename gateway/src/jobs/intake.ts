import type { StageName } from "@similarfaces/contracts";
import type { Metrics, TraceContext } from "@similarfaces/runtime";
import { acceptPhoto, type AcceptOptions, type AcceptedJob } from "./accept.js";
import type { Admission } from "../admission/admission.js";
import { failureOf } from "../requests/failures.js";
import type { JobRequest } from "./jobRequest.js";
import { followJob, startJobSpan, type FollowOptions } from "./jobOutcome.js";
import type { Expectation } from "../relay/relay.js";
import { deleteUpload } from "./uploads.js";

/** Admits and accepts photos, for every route that takes any. */
export interface Intake {
  /**
   * Before a photo is read: one that will be refused need not be sent. `client` is the key or address that has a share of the queue.
   * @throws StageFailure overloaded or unavailable
   */
  check(client: string, stages: readonly StageName[]): void;
  /** @throws StageFailure as acceptPhoto does; overloaded also where `check` was called for fewer photos, or too long ago */
  accept(photo: Uint8Array, request: JobRequest, trace: TraceContext, client: string): Promise<AcceptedJob>;
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
    check: (client, stages) => admission.check(client, stages),
    async accept(photo, request, trace, client) {
      const entrant = admission.enter(client, request.stages);
      const span = startJobSpan(following, trace);
      let begun: string | undefined;
      let expectation: Expectation | undefined;
      try {
        const job = await acceptPhoto(photo, request, accepting, span, (jobId) => {
          begun = jobId;
          expectation = relay.expect(jobId, request.owner);
          return expectation.listening;
        });
        entrant.stored(performance.now());
        metrics.uploadBytes.inc(photo.byteLength);
        followJob(job, following, span);
        return job;
      } catch (error) {
        entrant.left();
        if (begun) void deleteUpload(begun, following);
        span.fail(failureOf(error).code);
        span.end();
        throw error;
      } finally {
        expectation?.release();
      }
    },
  };
}
