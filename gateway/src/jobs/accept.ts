import {
  ImageWorkSchema,
  ResultSchema,
  create,
  imageWorkSubject,
  newJobId,
  toBinary,
  workMessageId,
} from "@similarfaces/contracts";
import type * as api from "@similarfaces/contracts/api";
import {
  jobBlobKey,
  publishResult,
  publishWork,
  type Blobs,
  type Broker,
  type Span,
} from "@similarfaces/runtime";
import { readImageHeader } from "./imageHeader.js";
import type { InstalledStages } from "../system/installedStages.js";
import type { JobRequest } from "./jobRequest.js";

/** A job that is on its way. */
export type AcceptedJob = Omit<api.AcceptedJob, "links">;

export interface AcceptOptions {
  broker: Broker;
  blobs: Blobs;
  installed: Pick<InstalledStages, "chipSide">;
  jobTtlMs: number;
  jobDeadlineMs: number;
  facesPerMessage: number;
}

/**
 * Accepts a photo: checks its header, stores it, publishes `accepted` and then the work, which has the span as its
 * parent. `expect` is called with the id before anything is published.
 * @throws StageFailure what readImageHeader throws, storage_unavailable, unavailable or overloaded
 */
export async function acceptPhoto(
  photo: Uint8Array,
  request: JobRequest,
  options: AcceptOptions,
  span: Span,
  expect: (jobId: string) => Promise<void>,
): Promise<AcceptedJob> {
  const { broker, blobs, installed, jobTtlMs, jobDeadlineMs, facesPerMessage } = options;
  const { contentType, size } = readImageHeader(photo);
  const acceptedAtMs = Date.now();
  const jobId = newJobId(acceptedAtMs);
  const job = {
    jobId,
    acceptedAtMs,
    deadlineAtMs: acceptedAtMs + jobDeadlineMs,
    expiresAtMs: acceptedAtMs + jobTtlMs,
  };
  const stages = [...request.stages];
  const chipSide = installed.chipSide(stages);
  const blobKey = jobBlobKey(jobId, "upload");
  await Promise.all([blobs.put(blobKey, photo, contentType), expect(jobId)]);
  const storedAtMs = Date.now();
  span.part("store", acceptedAtMs, storedAtMs);
  // That it was not stored means that it is there already: the broker's acknowledgement was lost, and this was the second attempt.
  await publishResult(
    broker,
    create(ResultSchema, {
      jobId,
      stage: "accepted",
      attempt: 1,
      outcome: {
        case: "accepted",
        value: {
          $typeName: "similarfaces.v2.Accepted",
          stages,
          acceptedAtMs,
          deadlineAtMs: job.deadlineAtMs,
          expiresAtMs: job.expiresAtMs,
          contentType,
          size: { $typeName: "similarfaces.v2.ImageSize", ...size },
          bytes: photo.byteLength,
          facesMax: request.facesMax,
          owner: request.owner ?? "",
          chipSide,
          facesPerMessage,
        },
      },
    }),
  );
  const work = create(ImageWorkSchema, {
    jobId,
    blobKey,
    contentType,
    size,
    acceptedAtMs,
    deadlineAtMs: job.deadlineAtMs,
    stages,
    chipSide,
    facesPerMessage,
    options: {
      facesMax: request.facesMax,
      matchCount: request.matchCount,
      minScore: request.minScore ?? 0,
      ...(request.enrolment ? { enrolment: request.enrolment } : {}),
    },
  });
  const message = {
    subject: imageWorkSubject(jobId),
    data: toBinary(ImageWorkSchema, work),
    messageId: workMessageId(jobId, "image"),
  };
  await publishWork(broker, message, span.context);
  span.part("publish", storedAtMs, Date.now());
  return job;
}
