import {
  StageFailure,
  checkedPhotoDigest,
  fieldOf,
  isJobId,
  newJobId,
  storedSource,
} from "@similarfaces/contracts";
import { publishResult, publishWork } from "@similarfaces/runtime";
import { followJob, startJobSpan } from "../jobs/jobOutcome.js";
import { failureOf } from "../requests/failures.js";
import type { Enrollee, EnrolmentCall, EnrolmentOptions, PhotoOutcome } from "./enrolment.js";
import { qualityOf, warningsOf } from "./faceQuality.js";
import { acceptedResult, knownFaceWork } from "./knownFace.js";

/** A face of a finished job. */
export interface FaceToEnrol {
  jobId: string;
  face: number;
  /** Where its photo came from; without it, that it is a face of a job. */
  source: string | undefined;
  /** Of that photo's bytes, where the caller has them: what is stored of the job is another picture. */
  photoDigest: string | undefined;
}

type FaceOfJobOptions = Pick<
  EnrolmentOptions,
  "broker" | "following" | "jobTtlMs" | "jobDeadlineMs" | "enrolmentFloor"
>;

/**
 * A face of a finished job, by what is stored of it: `extract` answers with the face as it was found, cuts its portrait out of that job's photo,
 * and the face is neither found nor embedded again.
 * @throws StageFailure as Relay.snapshot does, face_not_found, or bad_request where the face has no embedding, or not yet
 */
export async function enrolFaceOfJob(
  { broker, following, jobTtlMs, jobDeadlineMs, enrolmentFloor }: FaceOfJobOptions,
  { jobId: sourceJobId, face: faceIndex, source: from, photoDigest = "" }: FaceToEnrol,
  enrollee: Enrollee,
  { caller, trace }: EnrolmentCall,
): Promise<PhotoOutcome> {
  if (!isJobId(sourceJobId)) throw new StageFailure("job_not_found");
  const { job: source } = await following.relay.snapshot(sourceJobId, caller);
  const face = source.faces.find(({ index }) => index === faceIndex);
  if (!face || !source.accepted || source.extract.state !== "done") throw new StageFailure("face_not_found");
  const embed = fieldOf(face, "embed");
  if (embed?.state === "skipped") {
    throw new StageFailure(
      "bad_request",
      "This face is too small or too blurred to have an embedding: send a better photo.",
    );
  }
  if (embed?.state !== "done") {
    throw new StageFailure("bad_request", "This face has no embedding: wait for embed, or send the photo.");
  }
  const acceptedAtMs = Date.now();
  const jobId = newJobId(acceptedAtMs);
  const job = {
    jobId,
    acceptedAtMs,
    deadlineAtMs: acceptedAtMs + jobDeadlineMs,
    expiresAtMs: acceptedAtMs + jobTtlMs,
  };
  const span = startJobSpan(following, trace);
  const known = {
    jobId: sourceJobId,
    accepted: source.accepted,
    face,
    faces: source.faces,
    extracted: source.extract.value,
    foundBy: source.extract.model,
    embedding: embed,
  };
  const enrolment = {
    ...enrollee,
    source: storedSource(from ?? "a face of an analysed photo"),
    photoDigest: checkedPhotoDigest(photoDigest),
  };
  const expectation = following.relay.expect(jobId, caller.keyId);
  try {
    await expectation.listening;
    await publishResult(broker, acceptedResult(job, known, caller.keyId));
    await publishWork(broker, knownFaceWork(job, known, enrolment), span.context);
    followJob(job, following, span);
    return { name: "", accepted: job, warnings: warningsOf(qualityOf(face), enrolmentFloor) };
  } catch (error) {
    span.fail(failureOf(error).code);
    span.end();
    throw error;
  } finally {
    expectation.release();
  }
}
