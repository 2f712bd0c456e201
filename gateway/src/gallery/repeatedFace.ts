import {
  ResultSchema,
  create,
  resultFromJson,
  type AcceptedJson,
  type ExtractedJson,
  type FaceView,
  type Result,
  type ResultEvent,
} from "@similarfaces/contracts";
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
