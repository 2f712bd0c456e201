import type { FaceView, ImageSizeJson, PointJson } from "@similarfaces/contracts/job";
import { turnedBox, turnedPoint } from "@similarfaces/contracts/upright";

/** A face with its box and its five points; their names stay, which are those of the face standing upright. */
export function turnedFace(face: FaceView, photo: ImageSizeJson, turn: number): FaceView {
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
