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
import { iou, type Box, type Picture } from "@similarfaces/vision";
import { landmarksOf } from "./faces/extracted.js";
import { cutPortrait } from "./faces/portrait.js";
import { decodePhoto } from "./photo/decodePhoto.js";

/** Boxes that overlap by more (intersection over union) are of one face. */
const OWN_IOU_MIN = 0.4;

export interface KnownFaceOptions {
  blobs: Blobs;
  signal: AbortSignal;
  /** Of every face in a photo, in its pixels. */
  boxesIn(photo: Picture): Promise<Box<"image">[]>;
}

/**
 * The answer about a face that an earlier job found and embedded: the face as it was found, and its work for `enrol` with a portrait cut from the
 * earlier job's photo; without one where that is gone. In the portrait every other face is covered, so the photo is looked at again: those beyond
 * the earlier job's limit, or below the score that it asked for, are in no answer. The photo stays: it is the earlier job's. A second attempt
 * answers the same.
 * @throws StageFailure malformed_message, undecodable_image, storage_unavailable, model_failed
 */
export async function answerKnownFace(
  work: ImageWork,
  known: KnownFace,
  { blobs, signal, boxesIn }: KnownFaceOptions,
): Promise<StageOutput> {
  const { face, size, foundBy } = known;
  const box = face?.box;
  if (!box || !size) throw new StageFailure("malformed_message", "a known face without its place");
  const upload = await blobs.get(work.blobKey);
  const portrait = upload && (await cutFrom(await decodePhoto(upload.bytes, { size: work.size, signal })));
  const faces = [{ ...face, index: 0, skipped: false }];
  return {
    outcome: { case: "extract", value: create(ExtractedSchema, { size, faces }) },
    model: foundBy,
    work: enrolWork(work, known, portrait),
  };

  async function cutFrom(photo: Picture): Promise<Portrait> {
    const others = (await boxesIn(photo)).filter((other) => iou(other, box!) < OWN_IOU_MIN);
    return cutPortrait(photo, { box: box!, landmarks: landmarksOf(face!) }, [...known.others, ...others]);
  }
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
