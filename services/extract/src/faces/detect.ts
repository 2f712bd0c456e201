import type { PredictOptions } from "@similarfaces/inference";
import {
  accepts,
  clipBox,
  detectionToImage,
  passesOf,
  similarityFromLandmarks,
  suppress,
  type Detection,
  type Pass,
  type Size,
} from "@similarfaces/vision";
import type { Detector } from "./detector.js";
import { cutFrame, type Views } from "./views.js";

/**
 * Every face of the photo, largest first, in its pixels: the whole photo in an 800-pixel frame, again in a small one
 * for close-ups, and in tiles where it is large; one suppression over all of them.
 */
export async function detectFaces(
  views: Views,
  detector: Detector,
  options: PredictOptions,
): Promise<Detection<"image">[]> {
  const { photo } = views;
  // Large before small, for each scaled photo is made from a larger one.
  const passes = passesOf(photo, detector.frameMultiple).toSorted(
    (a, b) => b.frame.scaled.width - a.frame.scaled.width,
  );
  const found = (await Promise.all(passes.map(detectIn))).flat();
  return suppress(found, detector.iouMax)
    .filter((face) => isOnPhoto(face, photo) && similarityFromLandmarks(face.landmarks) !== undefined)
    .map((face) => ({ ...face, box: clipBox(face.box, photo) }))
    .toSorted((a, b) => area(b) - area(a) || b.score - a.score);

  async function detectIn(pass: Pass): Promise<Detection<"image">[]> {
    const { frame } = pass;
    const detections = await detector.detect(cutFrame(await views.scaled(frame.scaled), frame), options);
    return detections
      .filter((detection) => accepts(pass, detection))
      .map((detection) => detectionToImage(frame, detection));
  }
}

/** Whether the middle of the box is: what a detector makes of the black beyond the photo is no face. */
function isOnPhoto({ box }: Detection<"image">, { width, height }: Size): boolean {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  return x >= 0 && y >= 0 && x < width && y < height;
}

function area({ box }: Detection<"image">): number {
  return box.width * box.height;
}
