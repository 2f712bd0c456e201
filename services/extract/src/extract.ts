import {
  FACES_MAX,
  ImageWorkSchema,
  StageFailure,
  fromBinary,
  isFailureCode,
  type Extracted,
  type ImageWork,
  type Result,
} from "@similarfaces/contracts";
import type { Inference } from "@similarfaces/inference";
import { jobBlobKey, type Blobs, type Stage, type StageCall, type StageOutput } from "@similarfaces/runtime";
import { assessFaces } from "./faces/assess.js";
import { chipsOf, sheetOf, type Chips } from "./faces/chips.js";
import { detectFaces } from "./faces/detect.js";
import { detectorOf } from "./faces/detector.js";
import { extractedOf } from "./faces/extracted.js";
import { faceWork } from "./faces/faceWork.js";
import { decodePhoto } from "./photo/decodePhoto.js";
import { encodeJpeg } from "./photo/picture.js";
import { plainJpeg } from "./photo/plainJpeg.js";
import { viewsOf, type Views } from "./faces/views.js";
import { weightOf } from "./photo/weight.js";

export interface ExtractOptions {
  inference: Inference;
  blobs: Blobs;
  /** Faces analysed of one photo at most, largest first; a job may ask for fewer. */
  facesMax?: number;
  /** Faces of which the photo shows less are found and skipped, 0..1 (quality.ts, `detail`); 0, as without it, skips none. */
  faceFloor?: number;
}

/**
 * From the photo to its faces: decodes it once, finds every face, assesses the quality of each, publishes one chip per face for the stages
 * behind, and stores the upright photo and the sheet of the chips as JPEGs. The upload, whose metadata may hold place and time, is deleted
 * whether the stage succeeds or fails.
 *
 * Failures: photo_missing, undecodable_image, image_too_large; no_face, but only where the job is to enrol one.
 */
export function createExtract(options: ExtractOptions): Stage<ImageWork> {
  const { inference, blobs, facesMax = FACES_MAX, faceFloor = 0 } = options;
  const detector = detectorOf(inference.model("detect"));
  return {
    name: "extract",
    decode: (data) => [fromBinary(ImageWorkSchema, data)],
    weightOf,

    async handle(work, call): Promise<StageOutput> {
      // An earlier delivery may have answered and then lost its process or its acknowledgement.
      const earlier = call.attempt > 1 ? answerOf(await call.storedResult("extract")) : undefined;
      const upload = await blobs.get(work.blobKey);
      if (!upload) {
        // The upload goes last of all: where the answer is stored, everything else has been done.
        if (earlier) return { outcome: { case: "extract", value: earlier.extracted }, model: earlier.model };
        throw new StageFailure("photo_missing");
      }
      const views = viewsOf(await decodePhoto(upload.bytes, { size: work.size, signal: call.signal }));
      const extracted = earlier?.extracted ?? (await find(work, views, call));
      const chips = chipsOf(views, extracted.faces);
      return {
        outcome: { case: "extract", value: extracted },
        model: earlier?.model ?? detector.name,
        work: faceWork(work, extracted.faces, chips),
        beforeAck: () => storePictures(work.jobId, upload.bytes, views, chips),
        afterAck: async () => void (await blobs.delete(work.blobKey)),
      };
    },

    abandon: async (jobId) => void (await blobs.delete(jobBlobKey(jobId, "upload"))),
  };

  async function find({ stages, options }: ImageWork, views: Views, call: StageCall): Promise<Extracted> {
    const { priority, signal, traceparent } = call;
    const faces = await detectFaces(views, detector, { priority, signal, traceparent });
    if (faces.length === 0 && stages.includes("enrol")) throw new StageFailure("no_face");
    const wanted = options?.facesMax || facesMax;
    const extracted = extractedOf(views.photo, faces, Math.min(wanted, facesMax));
    // No face is skipped in a photo to enrol: a low quality gives a warning, and the person decides.
    const floor = stages.includes("enrol") ? 0 : faceFloor;
    await assessFaces(extracted.faces, views, { isAsked: stages.includes("quality"), floor });
    return extracted;
  }

  /** The photo first: a page that was opened on a running job waits for it. */
  async function storePictures(
    jobId: string,
    upload: Uint8Array,
    { photo }: Views,
    chips: Chips,
  ): Promise<void> {
    const jpeg = (await plainJpeg(upload)) ?? (await encodeJpeg(photo));
    await blobs.put(jobBlobKey(jobId, "photo.jpg"), jpeg, "image/jpeg");
    if (chips.count === 0) return;
    await blobs.put(jobBlobKey(jobId, "faces.jpg"), await encodeJpeg(await sheetOf(chips)), "image/jpeg");
  }
}

/** A stored result as the answer of this attempt; undefined where there is none. @throws StageFailure where the stored result is a failure */
function answerOf(result: Result | undefined): { extracted: Extracted; model: string } | undefined {
  if (result?.outcome.case === "extract") return { extracted: result.outcome.value, model: result.model };
  if (result?.outcome.case !== "failure") return undefined;
  const { code, message } = result.outcome.value;
  throw new StageFailure(isFailureCode(code) ? code : "internal", message);
}
