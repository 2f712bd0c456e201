import { describe, expect, it } from "vitest";
import type { Detection } from "@similarfaces/vision";
import { judgeFaces } from "../src/resolution/judgeFaces.js";

const box = (x: number, y: number, side: number) => ({ x, y, width: side, height: side });
const point = { x: 0, y: 0 };
const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };
const face = (x: number, y: number, side: number, score = 0.9): Detection<"image"> => ({
  score,
  box: box(x, y, side),
  landmarks,
});
const truth = [box(0, 0, 40), box(100, 0, 40)];

describe("what became of a photo's faces", () => {
  it("is found where a box of about that size is, and missed where none is", () => {
    expect(judgeFaces(truth, [face(5, 5, 40)])).toEqual({ faces: 2, found: 1, doubled: 0, others: 0 });
    expect(judgeFaces(truth, [face(-30, -30, 101)]).found).toBe(0);
  });

  it("is doubled by every other box at its place, of whatever size", () => {
    const found = [face(0, 0, 40), face(4, 4, 40, 0.8), face(10, 10, 8, 0.95), face(100, 0, 40)];
    expect(judgeFaces(truth, found)).toEqual({ faces: 2, found: 2, doubled: 2, others: 0 });
  });

  it("counts boxes where no face is", () => {
    expect(judgeFaces(truth, [face(300, 300, 40)])).toEqual({ faces: 2, found: 0, doubled: 0, others: 1 });
  });
});
