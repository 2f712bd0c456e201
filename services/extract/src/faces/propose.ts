import type { PredictOptions } from "@similarfaces/inference";
import {
  accepts,
  boxToImage,
  centreOf,
  detectionToView,
  landmarksToImage,
  passesOf,
  suppress,
  type Detection,
  type Frame,
  type Pass,
  type Picture,
  type Region,
  type Size,
} from "@similarfaces/vision";
import type { Detector } from "./detector.js";
import { cutFrame, type Views } from "./views.js";

/** Looked at of one photo at most, those of the best scores. */
const PROPOSALS_MAX = 128;

/** What the detector takes for a face, in pixels of the photo. */
export interface Proposal extends Detection<"image"> {
  /** The same in the picture that it was found in: there it is looked at again. */
  readonly found: Detection<"view">;
  readonly picture: Picture;
  readonly frame: Frame;
}

/**
 * What the detector proposes of the whole photo in an 800-pixel frame, again in a small one for close-ups, and in tiles where it is large;
 * after one suppression over all of them, best score first.
 */
export async function proposeFaces(
  views: Views,
  detector: Detector,
  options: PredictOptions,
): Promise<Proposal[]> {
  const { photo } = views;
  const proposals = (await Promise.all(passesOver(photo, detector).map(proposeIn))).flat();
  return suppress(proposals, detector.iouMax).slice(0, PROPOSALS_MAX);

  async function proposeIn(pass: Pass): Promise<Proposal[]> {
    const { frame } = pass;
    const picture = await views.scaled(frame.scaled);
    const detections = await detector.detect(cutFrame(picture, frame), options);
    return detections
      .filter((detection) => accepts(pass, detection))
      .map((detection): Proposal => {
        const found = detectionToView(frame, detection);
        const box = boxToImage(frame, found.box);
        const landmarks = landmarksToImage(frame, found.landmarks);
        return { score: found.score, box, landmarks, found, picture, frame };
      })
      .filter((proposal) => isIn(photo.decoded, proposal));
  }
}

/** Scales the photo as it is for looking at it. */
export async function scaleForPasses(views: Views, detector: Detector): Promise<void> {
  await Promise.all(passesOver(views.photo, detector).map(({ frame }) => views.scaled(frame.scaled)));
}

/** Large before small, for each scaled photo is made from a larger one. */
function passesOver(photo: Size, { frameMultiple }: Detector): Pass[] {
  return passesOf(photo, frameMultiple).toSorted((a, b) => b.frame.scaled.width - a.frame.scaled.width);
}

/** Whether the middle of the box is: what a detector makes of the black beyond the photo, or of the grey of a file that was cut short, is no face. */
function isIn({ left, top, width, height }: Region, { box }: Proposal): boolean {
  const { x, y } = centreOf(box);
  return x >= left && y >= top && x < left + width && y < top + height;
}
