import {
  FACES_MAX,
  ImageWorkSchema,
  StageFailure,
  fromBinary,
  isChipSide,
  isFailureCode,
  type Extracted,
  type ImageWork,
  type Result,
} from "@similarfaces/contracts";
import type { Inference } from "@similarfaces/inference";
import { jobBlobKey, type Blobs, type Stage, type StageCall, type StageOutput } from "@similarfaces/runtime";
import type { Box, Detection, Picture } from "@similarfaces/vision";
import { candidatesOf, ofPhoto, withCandidates } from "./faces/candidates.js";
import { assessFaces } from "./faces/assess.js";
import { chipsOf, sheetOf, type Chips } from "./faces/chips.js";
import { extractedOf } from "./faces/extracted.js";
import { finderOf } from "./faces/finder.js";
import { faceWork } from "./faces/faceWork.js";
import { portraitsOf } from "./faces/portrait.js";
import { viewsOf, type Views } from "./faces/views.js";
import { answerKnownFace } from "./knownFace.js";
import { decodePhoto } from "./photo/decodePhoto.js";
import { encodeJpeg } from "./photo/picture.js";
import { plainJpeg } from "./photo/plainJpeg.js";
import { weightOf } from "./photo/weight.js";

export interface ExtractOptions {
  inference: Inference;
  blobs: Blobs;
  /** Faces analysed of one photo at most, largest first; a job may ask for fewer. Not of a photo to enrol. */
  facesMax?: number;
  /** Faces of a lower score are none, 0..1; a job may ask for another; 0, as without it, takes the model's own threshold. */
  faceScoreMin?: number;
  /** Faces of which the photo shows less are found and skipped, 0..1 (quality.ts, `detail`); 0, as without it, skips none. */
  faceFloor?: number;
}

/**
 * From the photo to its faces: decodes it once, finds every face, assesses the quality of each, publishes one chip per face for the stages
 * behind, and stores the upright photo and the sheet of the chips as JPEGs. The upload, whose metadata may hold place and time, is deleted
 * whether the stage succeeds or fails. Of a photo to enrol the faces go out with their portraits. Work with a known face is about an earlier
 * job's photo, of which nothing but a portrait is made (knownFace.ts).
 *
 * Of a photo to enrol the answer has the faces that may be meant (candidates.ts); `enrol` refuses more than one.
 *
 * Failures: malformed_message, photo_missing, undecodable_image, image_too_large; no_face, but only where the job is to enrol one.
 */
export function createExtract(options: ExtractOptions): Stage<ImageWork> {
  const { inference, blobs, facesMax = FACES_MAX, faceScoreMin = 0, faceFloor = 0 } = options;
  const finder = finderOf(inference);
  return {
    name: "extract",
    decode: (data) => [fromBinary(ImageWorkSchema, data)],
    weightOf,

    async handle(work, call): Promise<StageOutput> {
      return answer(work, call).catch((error: unknown) => {
        throw ofPhoto(work, error);
      });
    },

    abandon: async (jobId) => void (await blobs.delete(jobBlobKey(jobId, "upload"))),
  };

  async function answer(work: ImageWork, call: StageCall): Promise<StageOutput> {
    if (work.knownFace) {
      const boxesIn = async (photo: Picture) => (await look(viewsOf(photo), faceScoreMin, call)).map(boxOf);
      return answerKnownFace(work, work.knownFace, { blobs, signal: call.signal, boxesIn });
    }
    if (!isChipSide(work.chipSide)) throw new StageFailure("malformed_message", "chips of no side");
    // An earlier delivery may have answered and then lost its process or its acknowledgement.
    const earlier = call.attempt > 1 ? answerOf(await call.storedResult("extract")) : undefined;
    const upload = await blobs.get(work.blobKey);
    if (!upload) {
      // The upload goes last of all: where the answer is stored, everything else has been done.
      if (earlier) return { outcome: { case: "extract", value: earlier.extracted }, model: earlier.model };
      throw new StageFailure("photo_missing");
    }
    const views = viewsOf(await decodePhoto(upload.bytes, { size: work.size, signal: call.signal }));
    // Faces beyond the job's limit are in no answer, and have to be covered in a portrait: a redelivered photo to enrol is looked at again.
    const isEnrolled = work.stages.includes("enrol") && work.options?.enrolment !== undefined;
    const found = earlier && !isEnrolled ? undefined : await find(work, views, call);
    if (!found) await finder.scale(views);
    const extracted = earlier?.extracted ?? found!.extracted;
    const chips = chipsOf(views, extracted.faces, work.chipSide);
    return {
      outcome: { case: "extract", value: extracted },
      model: earlier?.model ?? finder.name,
      work: isEnrolled
        ? faceWork(
            withCandidates(work, extracted.faces.length),
            extracted.faces,
            chips,
            // Of several, none is enrolled by this job.
            extracted.faces.length === 1 ? portraitsOf(views.photo, found!.boxes) : undefined,
          )
        : faceWork(work, extracted.faces, chips),
      beforeAck: () => storePictures(work.jobId, upload.bytes, views, chips),
      afterAck: () => upload.delete(),
    };
  }

  /** The answer, and the boxes of all faces, in the same order. */
  async function find(
    { stages, options }: ImageWork,
    views: Views,
    call: StageCall,
  ): Promise<{ extracted: Extracted; boxes: Box<"image">[] }> {
    const isEnrolled = stages.includes("enrol");
    const faces = await look(views, options?.minScore || faceScoreMin, call);
    if (faces.length === 0 && isEnrolled) throw new StageFailure("no_face");
    // Of those who may be meant none is left out: then there seems to be one.
    const most = isEnrolled ? FACES_MAX : facesMax;
    const meant = isEnrolled ? candidatesOf(faces, options?.enrolment) : faces.length;
    const extracted = extractedOf(views.photo, faces, Math.min(options?.facesMax || most, most, meant));
    // No face is skipped in a photo to enrol: a low quality gives a warning, and the person decides.
    const floor = isEnrolled ? 0 : faceFloor;
    await assessFaces(extracted.faces, views, { isAsked: stages.includes("quality"), floor });
    return { extracted, boxes: faces.map(boxOf) };
  }

  function look(views: Views, scoreMin: number, { priority, signal, traceparent }: StageCall) {
    return finder.find(views, { scoreMin, priority, signal, traceparent });
  }

  /** The photo first: a page that was opened on a running job waits for it. */
  async function storePictures(
    jobId: string,
    upload: Uint8Array,
    { photo }: Views,
    chips: Chips,
  ): Promise<void> {
    const plain = photo.isTruncated ? undefined : await plainJpeg(upload);
    const jpeg = plain ?? (await encodeJpeg(photo));
    await blobs.put(jobBlobKey(jobId, "photo.jpg"), jpeg, "image/jpeg");
    if (chips.count === 0) return;
    await blobs.put(jobBlobKey(jobId, "faces.jpg"), await encodeJpeg(await sheetOf(chips)), "image/jpeg");
  }
}

const boxOf = ({ box }: Detection<"image">): Box<"image"> => box;

/** A stored result as the answer of this attempt; undefined where there is none. @throws StageFailure where the stored result is a failure */
function answerOf(result: Result | undefined): { extracted: Extracted; model: string } | undefined {
  if (result?.outcome.case === "extract") return { extracted: result.outcome.value, model: result.model };
  if (result?.outcome.case !== "failure") return undefined;
  const { code, message } = result.outcome.value;
  throw new StageFailure(isFailureCode(code) ? code : "internal", message);
}
