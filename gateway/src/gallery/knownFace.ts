import {
  FaceSchema,
  ImageWorkSchema,
  ResultSchema,
  create,
  fromJson,
  imageWorkSubject,
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
} from "@similarfaces/contracts";
import { jobBlobKey, type WorkMessage } from "@similarfaces/runtime";
import type { AcceptedJob } from "../jobs/accept.js";
import { qualityOf } from "./faceQuality.js";

/** A face of a finished job, with the results about its photo. */
export interface FaceOfJob {
  jobId: string;
  accepted: AcceptedJson;
  face: FaceView;
  /** All of the photo, this one among them. */
  faces: readonly FaceView[];
  extracted: ExtractedJson;
  /** The model that found it. */
  foundBy: string;
  embedding: Extract<Field<EmbeddedJson>, { state: "done" }>;
}

/** The first result of a job that enrols this face. */
export function acceptedResult(job: AcceptedJob, source: FaceOfJob, owner = ""): Result {
  const { jobId, acceptedAtMs, deadlineAtMs, expiresAtMs } = job;
  const { contentType, size, bytes, chipSide } = source.accepted;
  const value = {
    stages: stagesOf(source),
    acceptedAtMs,
    deadlineAtMs,
    expiresAtMs,
    contentType,
    size,
    bytes,
    facesMax: 1,
    owner,
    chipSide,
    facesPerMessage: 1,
  };
  return create(ResultSchema, {
    jobId,
    stage: "accepted",
    attempt: 1,
    outcome: { case: "accepted", value },
  });
}

/** The job's only work of the gateway's: the face as it was found, and the photo that its portrait is cut from. */
export function knownFaceWork(
  { jobId, acceptedAtMs, deadlineAtMs }: AcceptedJob,
  source: FaceOfJob,
  enrolment: MessageInitShape<typeof EnrolmentSchema>,
): WorkMessage {
  const { accepted, face, faces, extracted, foundBy, embedding } = source;
  const { index, box, landmarks, score, skipped } = face;
  const quality = qualityOf(face);
  const work = create(ImageWorkSchema, {
    jobId,
    blobKey: jobBlobKey(source.jobId, "photo.jpg"),
    contentType: "image/jpeg",
    size: extracted.size,
    acceptedAtMs,
    deadlineAtMs,
    stages: stagesOf(source),
    options: { facesMax: 1, matchCount: 1, enrolment },
    chipSide: accepted.chipSide,
    facesPerMessage: 1,
    knownFace: {
      face: fromJson(FaceSchema, { index, box, landmarks, score, skipped, ...(quality ? { quality } : {}) }),
      others: faces.filter((other) => other.index !== index).map((other) => other.box),
      embedding: Buffer.from(embedding.value.embedding, "base64"),
      model: embedding.model,
      foundBy,
      size: extracted.size,
    },
  });
  return {
    subject: imageWorkSubject(jobId),
    data: toBinary(ImageWorkSchema, work),
    messageId: workMessageId(jobId, "image"),
  };
}

function stagesOf({ face }: FaceOfJob): string[] {
  return ["extract", ...(qualityOf(face) ? ["quality"] : []), "enrol"];
}
