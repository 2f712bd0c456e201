import type { Detection, Size } from "./geometry.js";

export const YUNET_STRIDES = [8, 16, 32] as const;

/** Raw maps of one stride, float32, cells row by row: cls and obj [cells], bbox [cells, 4], kps [cells, 10]. */
export interface YunetMaps {
  readonly cls: Float32Array;
  readonly obj: Float32Array;
  readonly bbox: Float32Array;
  readonly kps: Float32Array;
}

/**
 * Faces of a YuNet detector (decoder `yunet`), as OpenCV's FaceDetectorYN decodes them
 * (modules/objdetect/src/face_detect.cpp, postProcess): score = sqrt(cls * obj), the centre relative to the cell's
 * corner, width and height as exponentials, everything in units of the stride. `input` is the size of the frame;
 * `maps` are in the order of YUNET_STRIDES. The five points come in the picture's order, left eye first.
 */
export function decodeYunet(
  maps: readonly YunetMaps[],
  input: Size,
  scoreMin: number,
): Detection<"letterbox">[] {
  return YUNET_STRIDES.flatMap((stride, level) => decodeStride(maps[level]!, stride, input, scoreMin));
}

function decodeStride(
  { cls, obj, bbox, kps }: YunetMaps,
  stride: number,
  input: Size,
  scoreMin: number,
): Detection<"letterbox">[] {
  const columns = Math.floor(input.width / stride);
  const detections: Detection<"letterbox">[] = [];
  for (let cell = 0; cell < cls.length; cell++) {
    const score = Math.sqrt(unit(cls[cell]!) * unit(obj[cell]!));
    if (!(score >= scoreMin)) continue;
    const column = cell % columns;
    const row = Math.floor(cell / columns);
    const width = Math.exp(bbox[cell * 4 + 2]!) * stride;
    const height = Math.exp(bbox[cell * 4 + 3]!) * stride;
    const point = (i: number) => ({
      x: (column + kps[cell * 10 + 2 * i]!) * stride,
      y: (row + kps[cell * 10 + 2 * i + 1]!) * stride,
    });
    detections.push({
      score,
      box: {
        x: (column + bbox[cell * 4]!) * stride - width / 2,
        y: (row + bbox[cell * 4 + 1]!) * stride - height / 2,
        width,
        height,
      },
      landmarks: {
        leftEye: point(0),
        rightEye: point(1),
        nose: point(2),
        leftMouth: point(3),
        rightMouth: point(4),
      },
    });
  }
  return detections;
}

const unit = (value: number): number => Math.min(Math.max(value, 0), 1);
