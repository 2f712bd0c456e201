import {
  EnrolWorkSchema,
  ResultSchema,
  create,
  enrolWorkSubject,
  resultFromJson,
  toBinary,
  workMessageId,
  type AcceptedJson,
  type EmbeddedJson,
  type EnrolmentSchema,
  type ExtractedJson,
  type FaceView,
  type Field,
  type MessageInitShape,
  type Result,
  type ResultEvent,
} from "@similarfaces/contracts";
import type { WorkMessage } from "@similarfaces/runtime";
import type { AcceptedJob } from "../jobs/accept.js";
import { qualityOf } from "./faceQuality.js";

/** A face of a finished job, with the results about its photo. */
export interface FaceOfJob {
  accepted: AcceptedJson;
  face: FaceView;
  extracted: ExtractedJson;
  /** The model that found it. */
  model: string;
}

/** The first results of a job that enrols this face: `accepted`, and the result of `extract` for this face alone. */
export function repeatedResults(job: AcceptedJob, source: FaceOfJob, owner = ""): Result[] {
  const { jobId, acceptedAtMs, deadlineAtMs, expiresAtMs } = job;
  const { accepted, extracted, model } = source;
  const { contentType, size, bytes } = accepted;
  const { fields: _, ...face } = source.face;
  const quality = qualityOf(source.face);
  const stages = ["extract", ...(quality ? ["quality"] : []), "enrol"];
  const times = { acceptedAtMs, deadlineAtMs, expiresAtMs };
  const value = { stages, ...times, contentType, size, bytes, facesMax: 1, owner };
  return [
    create(ResultSchema, { jobId, stage: "accepted", attempt: 1, outcome: { case: "accepted", value } }),
    resultFromJson({
      jobId,
      stage: "extract",
      attempt: 1,
      model,
      timings: { queuedAtMs: acceptedAtMs, startedAtMs: acceptedAtMs, finishedAtMs: acceptedAtMs },
      extract: {
        size: extracted.size,
        faces: [{ ...face, index: 0, ...(quality ? { quality } : {}) }],
        facesOmitted: 0,
      },
    } satisfies ResultEvent),
  ];
}

/** The job's only work: its face to `enrol`. @param thumbnail JPEG of the aligned face, where the source job still has it */
export function enrolWork(
  { jobId, deadlineAtMs }: AcceptedJob,
  embedding: Extract<Field<EmbeddedJson>, { state: "done" }>,
  thumbnail: Uint8Array | undefined,
  enrolment: MessageInitShape<typeof EnrolmentSchema>,
): WorkMessage {
  const work = create(EnrolWorkSchema, {
    jobId,
    face: 0,
    embedding: Buffer.from(embedding.value.embedding, "base64"),
    model: embedding.model,
    deadlineAtMs,
    enrolment,
    ...(thumbnail ? { portrait: { case: "thumbnail" as const, value: thumbnail } } : {}),
  });
  return {
    subject: enrolWorkSubject(jobId, 0),
    data: toBinary(EnrolWorkSchema, work),
    messageId: workMessageId(jobId, "enrol", 0),
  };
}
