import { regionOf, samplingIn, stepOf, warp, type Picture, type Sampling } from "@similarfaces/vision";
import { resize } from "../photo/picture.js";

/**
 * Pixels of the picture per pixel of the square beyond which bilinear sampling would step over some: the picture is shrunk first, to
 * exactly this. The models were trained so.
 */
const STEP_MAX = 2;

/**
 * Samples a square of `side` pixels from a picture into `into` (RGB, uint8), borders replicated; what lies under a large one is first
 * shrunk, off the event loop.
 */
export async function cutSquare(
  picture: Picture,
  sampling: Sampling,
  side: number,
  into: Uint8Array,
): Promise<void> {
  const step = stepOf(sampling);
  if (step <= STEP_MAX) return warp(picture, sampling, side, into);
  // As far as the kernel reaches, and one pixel for the sampling, both in shrunk pixels of step / STEP_MAX.
  const region = regionOf(sampling, side, picture, Math.ceil((3 * step) / STEP_MAX));
  const size = {
    width: Math.max(1, Math.round((region.width * STEP_MAX) / step)),
    height: Math.max(1, Math.round((region.height * STEP_MAX) / step)),
  };
  // Of libvips' kernels the nearest to OpenCV's INTER_AREA, by which the models' training shrank.
  const shrunk = await resize(picture, size, { region, kernel: "cubic" });
  warp(shrunk, samplingIn(sampling, region, size), side, into);
}
