import type { BoxJson, FaceView, LandmarksJson, PointJson } from "@similarfaces/contracts/job";
import type { Placement, Size } from "./view";

/*
 * Where faces are on screen: pixels of the photo as it is shown become CSS pixels of the frame.
 */

export function pointInFrame({ x, y }: PointJson, { left, top, width }: Placement, photo: Size): PointJson {
  const scale = width / photo.width;
  return { x: left + x * scale, y: top + y * scale };
}

/** On whole pixels, so that the strokes are sharp. */
export function boxInFrame({ x, y, width, height }: BoxJson, placement: Placement, photo: Size): BoxJson {
  const from = pointInFrame({ x, y }, placement, photo);
  const to = pointInFrame({ x: x + width, y: y + height }, placement, photo);
  const left = Math.round(from.x);
  const top = Math.round(from.y);
  return { x: left, y: top, width: Math.round(to.x) - left, height: Math.round(to.y) - top };
}

/** A tick across each eye, perpendicular to the line between them and a quarter as long. */
export function eyeTicks({ leftEye, rightEye }: LandmarksJson): { from: PointJson; to: PointJson }[] {
  const by = { x: -(rightEye.y - leftEye.y) / 8, y: (rightEye.x - leftEye.x) / 8 };
  return [leftEye, rightEye].map((eye) => ({
    from: { x: eye.x - by.x, y: eye.y - by.y },
    to: { x: eye.x + by.x, y: eye.y + by.y },
  }));
}

/**
 * The face that is meant by a point of the photo: the nearest within `reach`, and of those that it lies in the one whose middle is
 * nearest. Undefined where none is.
 */
export function faceAt(
  faces: readonly Pick<FaceView, "index" | "box">[],
  at: PointJson,
  reach: number,
): number | undefined {
  const [nearest] = faces
    .map(({ index, box }) => ({ index, away: awayFrom(box, at), off: offMiddle(box, at) }))
    .filter(({ away }) => away <= reach)
    .toSorted((a, b) => a.away - b.away || a.off - b.off);
  return nearest?.index;
}

/** From the box's edge; 0 inside. */
function awayFrom({ x, y, width, height }: BoxJson, at: PointJson): number {
  return Math.hypot(Math.max(x - at.x, 0, at.x - x - width), Math.max(y - at.y, 0, at.y - y - height));
}

function offMiddle({ x, y, width, height }: BoxJson, at: PointJson): number {
  return Math.hypot(x + width / 2 - at.x, y + height / 2 - at.y);
}
