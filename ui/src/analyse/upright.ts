import type { BoxJson, FaceView, PointJson } from "@similarfaces/contracts/job";
import type { Size } from "./view";

/*
 * A photo as it is shown, turned clockwise by whole quarters (0, 90, 180, 270 degrees). What the stages say is in pixels of the photo as
 * it was sent; these take it to pixels of the photo as it is shown. By 360 minus the turn, from the size shown, they take it back.
 */

export function turnedSize({ width, height }: Size, turn: number): Size {
  return turn % 180 === 0 ? { width, height } : { width: height, height: width };
}

export function turnedPoint({ x, y }: PointJson, { width, height }: Size, turn: number): PointJson {
  switch (turn) {
    case 90:
      return { x: height - y, y: x };
    case 180:
      return { x: width - x, y: height - y };
    case 270:
      return { x: y, y: width - x };
    default:
      return { x, y };
  }
}

export function turnedBox({ x, y, width, height }: BoxJson, photo: Size, turn: number): BoxJson {
  const from = turnedPoint({ x, y }, photo, turn);
  const to = turnedPoint({ x: x + width, y: y + height }, photo, turn);
  return { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), ...turnedSize({ width, height }, turn) };
}

/** A face with its box and its five points; their names stay, which are those of the face standing upright. */
export function turnedFace(face: FaceView, photo: Size, turn: number): FaceView {
  const at = (point: PointJson) => turnedPoint(point, photo, turn);
  const { leftEye, rightEye, nose, leftMouth, rightMouth } = face.landmarks;
  return {
    ...face,
    box: turnedBox(face.box, photo, turn),
    landmarks: {
      leftEye: at(leftEye),
      rightEye: at(rightEye),
      nose: at(nose),
      leftMouth: at(leftMouth),
      rightMouth: at(rightMouth),
    },
  };
}

/** From one turn to another the short way round: degrees clockwise, -180 to 180. */
export function turnBetween(before: number, after: number): number {
  return ((after - before + 540) % 360) - 180;
}
