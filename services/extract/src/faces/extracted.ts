import { ExtractedSchema, create, type Extracted, type Face } from "@similarfaces/contracts";
import {
  mapLandmarks,
  round,
  similarityToChip,
  ARCFACE_SIDE,
  type Detection,
  type Landmarks,
} from "@similarfaces/vision";
import type { DecodedPhoto } from "../photo/decodedPhoto.js";

/** Hundredths of a pixel are finer than any detector. */
const PIXEL_DECIMALS = 2;
const SCORE_DECIMALS = 4;

/** The stage's answer; `faces` come largest first, in pixels of the upright photo, and go on up to `facesMax`. */
export function extractedOf(
  { width, height, isTruncated }: Pick<DecodedPhoto, "width" | "height" | "isTruncated">,
  faces: readonly Detection<"image">[],
  facesMax: number,
): Extracted {
  return create(ExtractedSchema, {
    size: { width, height },
    faces: faces.slice(0, facesMax).map(({ box, landmarks, score }, index) => ({
      index,
      box: {
        x: round(box.x, PIXEL_DECIMALS),
        y: round(box.y, PIXEL_DECIMALS),
        width: round(box.width, PIXEL_DECIMALS),
        height: round(box.height, PIXEL_DECIMALS),
      },
      landmarks: mapLandmarks(landmarks, ({ x, y }) => ({
        x: round(x, PIXEL_DECIMALS),
        y: round(y, PIXEL_DECIMALS),
      })),
      score: round(score, SCORE_DECIMALS),
    })),
    facesOmitted: Math.max(0, faces.length - facesMax),
    turned: turnedOf(faces),
    truncated: isTruncated,
  });
}

/** Degrees from a quarter turn within which a face counts for it. */
const QUARTER_WITHIN = 25;

/** Degrees clockwise that stand the photo upright where more than half of its faces agree on a quarter turn: 0, 90, 180 or 270. */
function turnedOf(faces: readonly Detection<"image">[]): number {
  const rolls = faces.flatMap(({ landmarks }) => {
    const toChip = similarityToChip(landmarks, ARCFACE_SIDE);
    return toChip ? [(Math.atan2(toChip.b, toChip.a) * 180) / Math.PI] : [];
  });
  const isFor = (turn: number) => (roll: number) => {
    const apart = Math.abs(roll - turn) % 360;
    return Math.min(apart, 360 - apart) <= QUARTER_WITHIN;
  };
  return [90, 180, 270].find((turn) => rolls.filter(isFor(turn)).length > faces.length / 2) ?? 0;
}

/** The five points of a face that was found, now or by an earlier delivery. */
export function landmarksOf({ index, landmarks }: Face): Landmarks<"image"> {
  const { leftEye, rightEye, nose, leftMouth, rightMouth } = landmarks ?? {};
  if (!leftEye || !rightEye || !nose || !leftMouth || !rightMouth) {
    throw new Error(`face ${index} was stored without its landmarks`);
  }
  return { leftEye, rightEye, nose, leftMouth, rightMouth };
}
