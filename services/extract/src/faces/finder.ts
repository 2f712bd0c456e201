import type { Inference, PredictOptions } from "@similarfaces/inference";
import {
  ARCFACE_SIDE,
  clipBox,
  similarityToChip,
  sizeOf,
  suppressSameFaces,
  type Detection,
} from "@similarfaces/vision";
import { detectorOf } from "./detector.js";
import { secondLookOf } from "./look.js";
import { proposeFaces, scaleForPasses } from "./propose.js";
import type { Views } from "./views.js";

export interface FindOptions extends PredictOptions {
  /** A face is one from this score on, 0..1; 0, as without it, takes the model's own. */
  scoreMin?: number | undefined;
}

/** From a photo to its faces: the models "detect" and "refine" of a pack. */
export interface Finder {
  /** Of both models, as in results: "<detector's>, <second look's>". */
  readonly name: string;
  /**
   * Every face of the photo, largest first, in its pixels: what the detector proposes is looked at twice; the score is the mean of the
   * detector's and the look's, the box the detector's, the points the look's.
   */
  find(views: Views, options?: FindOptions): Promise<Detection<"image">[]>;
  /** Makes the views that finding makes and nothing else, so that chips of faces that are known are cut from the same ones. */
  scale(views: Views): Promise<void>;
}

/** @throws Error at once if a manifest lacks what is needed */
export function finderOf(inference: Inference): Finder {
  const detector = detectorOf(inference.model("detect"));
  const secondLook = secondLookOf(inference);
  return {
    name: `${detector.name}, ${secondLook.name}`,
    scale: (views) => scaleForPasses(views, detector),
    async find(views, { scoreMin, ...options } = {}) {
      const proposals = await proposeFaces(views, detector, options);
      const faces = await secondLook.facesOf(proposals, scoreMin || secondLook.scoreMin, options);
      return suppressSameFaces(faces)
        .filter(({ landmarks }) => similarityToChip(landmarks, ARCFACE_SIDE) !== undefined)
        .map((face) => ({ ...face, box: clipBox(face.box, views.photo) }))
        .toSorted((a, b) => sizeOf(b.box) - sizeOf(a.box) || b.score - a.score);
    },
  };
}
