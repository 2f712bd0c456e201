import {
  EnrolWorkSchema,
  ExtractedSchema,
  StageFailure,
  create,
  enrolWorkSubject,
  stagesOfWork,
  toBinary,
  workMessageId,
  type ImageWork,
  type KnownFace,
  type Portrait,
} from "@similarfaces/contracts";
import type { Blobs, StageOutput, WorkMessage } from "@similarfaces/runtime";
import { landmarksOf } from "./faces/extracted.js";
import { cutPortrait } from "./faces/portrait.js";
import { decodePhoto } from "./photo/decodePhoto.js";

/**
 * The answer about a face that an earlier job found and embedded: the face as it was found, and its work for `enrol` with a portrait cut from the
 * earlier job's photo; without one where that is gone. The photo stays: it is the earlier job's. A second attempt answers the same.
 * @throws StageFailure malformed_message, undecodable_image, storage_unavailable
 */
export async function answerKnownFace(
  work: ImageWork,
  known: KnownFace,
  { blobs, signal }: { blobs: Blobs; signal: AbortSignal },
): Promise<StageOutput> {
  const { face, size, foundBy } = known;
  if (!face?.box || !size) throw new StageFailure("malformed_message", "a known face without its place");
  const photo = await blobs.get(work.blobKey);
  const portrait =
    photo &&
    (await cutPortrait(
      await decodePhoto(photo.bytes, { size: work.size, signal }),
      { box: face.box, landmarks: landmarksOf(face) },
      known.others,
    ));
  const faces = [{ ...face, index: 0, skipped: false }];
  return {
    outcome: { case: "extract", value: create(ExtractedSchema, { size, faces }) },
    model: foundBy,
    work: enrolWork(work, known, portrait),
  };
}

function enrolWork(
  { jobId, deadlineAtMs, stages, options }: ImageWork,
  { embedding, model }: KnownFace,
  portrait: Portrait | undefined,
): WorkMessage[] {
  const enrolment = options?.enrolment;
  if (stagesOfWork(stages, "enrol").length === 0 || !enrolment) return [];
  const message = create(EnrolWorkSchema, {
    jobId,
    face: 0,
    embedding,
    model,
    deadlineAtMs,
    enrolment,
    ...(portrait ? { portrait } : {}),
  });
  return [
    {
      subject: enrolWorkSubject(jobId, 0),
      data: toBinary(EnrolWorkSchema, message),
      messageId: workMessageId(jobId, "enrol", 0),
    },
  ];
}
