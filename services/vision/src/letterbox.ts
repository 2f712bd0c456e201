import { mapLandmarks, roundUp } from "./geometry.js";
import type { Detection, ImagePoint, LetterboxPoint, Size } from "./geometry.js";

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

export function detectionToImage(frame: Frame, detection: Detection<"letterbox">): Detection<"image"> {
  const { x, y, width, height } = detection.box;
  const corner = toImage(frame, { x, y });
  const opposite = toImage(frame, { x: x + width, y: y + height });
  return {
    score: detection.score,
    box: { ...corner, width: opposite.x - corner.x, height: opposite.y - corner.y },
    landmarks: mapLandmarks(detection.landmarks, (point) => toImage(frame, point)),
  };
}

/** Rounding the scaled size makes the factors of the two axes differ a little; each axis uses its own. */
function toImage({ image, scaled, left, top }: Frame, { x, y }: LetterboxPoint): ImagePoint {
  return {
    x: ((x + left) * image.width) / scaled.width,
    y: ((y + top) * image.height) / scaled.height,
  };
}
