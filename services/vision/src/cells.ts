import type { Detection } from "./geometry.js";

const VALUES = 15;

/**
 * Faces of a detector whose graph decodes its own cells (decoder `cells`).
 * `rows`: float32 [cells, 15], per cell: score 0..1; x1, y1, x2, y2; then left eye, right eye, nose, left and right
 * mouth corner as x, y; all in pixels of the input. Overlapping faces are not yet suppressed.
 */
export function decodeCells(rows: Float32Array, scoreMin: number): Detection<"letterbox">[] {
  const detections: Detection<"letterbox">[] = [];
  for (let at = 0; at + VALUES <= rows.length; at += VALUES) {
    if (!(rows[at]! >= scoreMin)) continue;
    const [score, x1, y1, x2, y2, ...points] = rows.subarray(at, at + VALUES) as unknown as number[];
    const point = (i: number) => ({ x: points[2 * i]!, y: points[2 * i + 1]! });
    detections.push({
      score: score!,
      box: { x: x1!, y: y1!, width: x2! - x1!, height: y2! - y1! },
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
