import { mapLandmarks, roundUp } from "./geometry.js";
import type { Box, Detection, Landmarks, Size } from "./geometry.js";

/**
 * What a detector sees: the photo scaled to `scaled`, seen through a window of `width` x `height` whose top left
 * corner is at `left`, `top` of the scaled photo. What of the window lies beyond the photo is black.
 */
export interface Frame extends Size {
  readonly image: Size;
  readonly scaled: Size;
  readonly left: number;
  readonly top: number;
}

/**
 * The frame that holds the whole photo, its longer side scaled to `side` pixels (up or down), its top left corner
 * in the frame's. The sides of the frame are rounded up to a `multiple` of pixels: the default gives the classic
 * square, 32 the smallest frame that a detector of strides 8, 16 and 32 takes.
 */
export function letterbox(image: Size, side: number, multiple = side): Frame {
  const scaled = scaleSize(image, side / Math.max(image.width, image.height));
  return {
    image,
    scaled,
    left: 0,
    top: 0,
    width: roundUp(scaled.width, multiple),
    height: roundUp(scaled.height, multiple),
  };
}

export function scaleSize({ width, height }: Size, scale: number): Size {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** From the frame's pixels to those of the whole scaled photo. */
export function detectionToView({ left, top }: Frame, detection: Detection<"letterbox">): Detection<"view"> {
  const { score, landmarks } = detection;
  const { x, y, width, height } = detection.box;
  return {
    score,
    box: { x: x + left, y: y + top, width, height },
    landmarks: mapLandmarks(landmarks, ({ x, y }) => ({ x: x + left, y: y + top })),
  };
}

/** From the scaled photo to the photo. Rounding the scaled size makes the factors of the two axes differ a little; each axis uses its own. */
export function boxToImage({ image, scaled }: Frame, { x, y, width, height }: Box<"view">): Box<"image"> {
  const [across, down] = [image.width / scaled.width, image.height / scaled.height];
  return { x: x * across, y: y * down, width: width * across, height: height * down };
}

/** The same of points, whose whole numbers are pixel centres; those of a box are edges. */
export function landmarksToImage({ image, scaled }: Frame, landmarks: Landmarks<"view">): Landmarks<"image"> {
  return mapLandmarks(landmarks, ({ x, y }) => ({
    x: ((x + 0.5) * image.width) / scaled.width - 0.5,
    y: ((y + 0.5) * image.height) / scaled.height - 0.5,
  }));
}
