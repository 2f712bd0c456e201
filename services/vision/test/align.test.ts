import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { invertSimilarity, scaleOf, similarityToChip, type Landmarks } from "../src/mod.js";

interface Golden {
  cases: { name: string; landmarks: [number, number][]; a: number; b: number; tx: number; ty: number }[];
}
/** Umeyama's solution by singular value decomposition in numpy, float64. */
const golden = JSON.parse(readFileSync(new URL("golden/similarity.json", import.meta.url), "utf8")) as Golden;

function landmarksOf(points: [number, number][]): Landmarks<"image"> {
  const [leftEye, rightEye, nose, leftMouth, rightMouth] = points.map(([x, y]) => ({ x, y }));
  return {
    leftEye: leftEye!,
    rightEye: rightEye!,
    nose: nose!,
    leftMouth: leftMouth!,
    rightMouth: rightMouth!,
  };
}

describe("similarityToChip", () => {
  it.each(golden.cases)("agrees with Umeyama's method: $name", ({ landmarks, ...expected }) => {
    const similarity = similarityToChip(landmarksOf(landmarks), 144)!;
    for (const key of ["a", "b", "tx", "ty"] as const) {
      expect(similarity[key]).toBeCloseTo(expected[key], 9);
    }
  });

  it.each([
    { side: 112, margin: 0 },
    { side: 144, margin: 16 },
  ])("is the identity for a face that lies in a chip of $side already", ({ side, margin }) => {
    // ArcFace's reference points of 112x112 pixels.
    const arcFace: [number, number][] = [
      [38.2946, 51.6963],
      [73.5318, 51.5014],
      [56.0252, 71.7366],
      [41.5493, 92.3655],
      [70.7299, 92.2041],
    ];
    const inChip = landmarksOf(arcFace.map(([x, y]) => [x + margin, y + margin]));
    const { a, b, tx, ty } = similarityToChip(inChip, side)!;
    expect(a).toBeCloseTo(1, 12);
    expect(b).toBeCloseTo(0, 12);
    expect(tx).toBeCloseTo(0, 9);
    expect(ty).toBeCloseTo(0, 9);
  });

  it("is undefined for five points in one place and for points that are no numbers", () => {
    expect(similarityToChip(landmarksOf(Array.from({ length: 5 }, () => [7, 7])), 112)).toBeUndefined();
    expect(
      similarityToChip(landmarksOf(Array.from({ length: 5 }, () => [Number.NaN, 1])), 112),
    ).toBeUndefined();
  });

  it("is undone by its inverse", () => {
    const forth = similarityToChip(landmarksOf(golden.cases[1]!.landmarks), 112)!;
    const back = invertSimilarity(forth);
    const [x, y] = [12.5, 99];
    const there = { x: forth.a * x - forth.b * y + forth.tx, y: forth.b * x + forth.a * y + forth.ty };
    expect(back.a * there.x - back.b * there.y + back.tx).toBeCloseTo(x, 9);
    expect(back.b * there.x + back.a * there.y + back.ty).toBeCloseTo(y, 9);
    expect(scaleOf(forth) * scaleOf(back)).toBeCloseTo(1, 12);
  });
});
