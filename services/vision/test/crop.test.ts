import { describe, expect, it } from "vitest";
import {
  firstSquare,
  isOfBox,
  mapLandmarks,
  secondSquare,
  similarityToCrop,
  suppressSameFaces,
  transformPoint,
  type Landmarks,
  type Similarity,
} from "../src/mod.js";

/** A face whose box has a side of 85 in the ArcFace frame, its middle near the origin. */
const FACE: Landmarks<"view"> = {
  leftEye: { x: -17.7, y: -20.3 },
  rightEye: { x: 17.5, y: -20.5 },
  nose: { x: 0, y: -0.3 },
  leftMouth: { x: -14.5, y: 20.4 },
  rightMouth: { x: 14.7, y: 20.2 },
};
const moved = (by: Similarity) => mapLandmarks(FACE, (point) => transformPoint<"view", "view">(by, point));
const turnedBy = (degrees: number, scale = 1, x = 200, y = 100) => {
  const angle = (degrees * Math.PI) / 180;
  return moved({ a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx: x, ty: y });
};
const boxAround = (x: number, y: number, side: number) => ({
  x: x - side / 2,
  y: y - side / 2,
  width: side,
  height: side,
});

describe("the two crops", () => {
  it.each([0, 30, 90, 180, -135])("stand a face upright that is turned by %i degrees", (degrees) => {
    const landmarks = turnedBy(degrees);
    const box = boxAround(200, 100, 85);
    for (const square of [firstSquare(box, landmarks), secondSquare(box, landmarks).square]) {
      const toCrop = similarityToCrop(square, 96);
      const crop = mapLandmarks(landmarks, (point) => transformPoint<"view", "crop">(toCrop, point));
      expect(crop.rightEye.y - crop.leftEye.y).toBeCloseTo(0, 0);
      expect(crop.rightEye.x).toBeGreaterThan(crop.leftEye.x + 20);
      expect(crop.leftMouth.y).toBeGreaterThan(crop.leftEye.y + 20);
      expect(transformPoint(toCrop, square.centre)).toEqual({
        x: expect.closeTo(48, 9) as number,
        y: expect.closeTo(48, 9) as number,
      });
    }
  });

  it("are one and a half sides of the box, and one and a quarter of the face as its points have it", () => {
    // The face is half as large again as its box.
    const box = boxAround(200, 100, 85);
    const landmarks = turnedBy(20, 1.5);
    expect(firstSquare(box, landmarks).side).toBeCloseTo(1.5 * 85, 9);
    const { square, isLikely } = secondSquare(box, landmarks);
    expect(square.side).toBeCloseTo(1.25 * 1.5 * 85, 0);
    expect(isLikely).toBe(true);
  });

  it.each([0.3, 2.5])("take the box's size where the points say %f of it", (scale) => {
    const { square, isLikely } = secondSquare(boxAround(200, 100, 85), turnedBy(0, scale));
    expect(isLikely).toBe(false);
    expect(square.side).toBeCloseTo(1.25 * 85, 9);
  });

  it("have points that belong to another face where their middle is far from the box's", () => {
    const box = boxAround(200, 100, 85);
    expect(isOfBox(box, turnedBy(0, 1, 200 + 0.55 * 85))).toBe(true);
    expect(isOfBox(box, turnedBy(0, 1, 200 + 0.65 * 85))).toBe(false);
  });
});

describe("suppressSameFaces", () => {
  const face = (score: number, landmarks: Landmarks<"view">, side = 85) => ({
    score,
    landmarks,
    box: boxAround(200, 100, side),
  });

  it("keeps the better of two faces with the same points, whatever their boxes", () => {
    const [worse, better] = [face(0.7, turnedBy(0)), face(0.8, turnedBy(0, 1, 206), 20)];
    expect(suppressSameFaces([worse, better])).toEqual([better]);
  });

  it("keeps the better of a face and a part of it, or of a face and what four faces seem to be", () => {
    const whole = face(0.9, turnedBy(0));
    const eye = { ...face(0.8, turnedBy(0, 0.3)), box: { x: 170, y: 70, width: 30, height: 30 } };
    expect(suppressSameFaces([eye, whole])).toEqual([whole]);
    expect(suppressSameFaces([{ ...eye, score: 0.95 }, whole])).toEqual([{ ...eye, score: 0.95 }]);
  });

  it("keeps both where the points are a fifth of the eyes' distance apart and the boxes share less than three quarters", () => {
    const one = face(0.9, turnedBy(0));
    const beside = { ...face(0.8, turnedBy(0, 1, 208)), box: { ...one.box, x: one.box.x + 40 } };
    const overhead = { ...face(0.7, turnedBy(180)), box: { ...one.box, y: one.box.y - 40 } };
    expect(suppressSameFaces([one, beside, overhead])).toEqual([one, beside, overhead]);
  });
});
