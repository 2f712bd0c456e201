import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CHIP_SIDE, chipRegion, similarityFromLandmarks, warpChip, type Picture } from "../src/mod.js";

interface Golden {
  picture: { width: number; height: number };
  cases: {
    name: string;
    a: number;
    b: number;
    tx: number;
    ty: number;
    grid: number[];
    samples: [number, number, number][];
    mean: number;
  }[];
}
/** OpenCV's warpAffine, bilinear, borders replicated, on a picture of three triangle waves. */
const golden = JSON.parse(readFileSync(new URL("golden/warp.json", import.meta.url), "utf8")) as Golden;

/** The picture that golden/warp.json describes: steep but continuous, so that rounding alone may differ. */
function triangleWaves({ width, height }: { width: number; height: number }): Picture {
  const waves = [
    [5, 2, 0],
    [3, 7, 100],
    [2, 3, 200],
  ] as const;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [c, [i, j, k]] of waves.entries()) {
        pixels[(y * width + x) * 3 + c] = Math.abs(((i * x + j * y + k) % 510) - 255);
      }
    }
  }
  return { pixels, width, height };
}

describe("warpChip", () => {
  const picture = triangleWaves(golden.picture);

  it.each(golden.cases)(
    "agrees with OpenCV within a step: $name",
    ({ grid, samples, mean, ...similarity }) => {
      const chip = warpChip(picture, similarity);
      const here = grid.flatMap((v) =>
        grid.map((u) => Array.from(chip.subarray((v * CHIP_SIDE + u) * 3, (v * CHIP_SIDE + u) * 3 + 3))),
      );
      for (const [i, sample] of samples.entries()) {
        for (const c of [0, 1, 2] as const) expect(Math.abs(here[i]![c]! - sample[c])).toBeLessThanOrEqual(1);
      }
      expect(chip.reduce((sum, value) => sum + value, 0) / chip.length).toBeCloseTo(mean, 0);
    },
  );

  it("copies a picture of the chip's size exactly under the identity", () => {
    const own = triangleWaves({ width: CHIP_SIDE, height: CHIP_SIDE });
    expect(warpChip(own, { a: 1, b: 0, tx: 0, ty: 0 })).toEqual(own.pixels);
  });

  it("replicates the border of a face at the corner of the photo", () => {
    const one: Picture = { pixels: Uint8Array.of(10, 20, 30), width: 1, height: 1 };
    const chip = warpChip(one, { a: 3, b: 1, tx: -40, ty: 25 });
    expect(new Set(chip)).toEqual(new Set([10, 20, 30]));
    expect(Array.from(chip.subarray(0, 3))).toEqual([10, 20, 30]);
  });
});

describe("chipRegion", () => {
  it("holds every pixel that the chip samples", () => {
    const size = { width: 400, height: 300 };
    const toChip = { a: 0.7, b: 0.3, tx: -120, ty: -60 };
    const { left, top, width, height } = chipRegion(toChip, size);
    const squares = toChip.a ** 2 + toChip.b ** 2;
    for (const [u, v] of [
      [0, 0],
      [143, 0],
      [0, 143],
      [143, 143],
    ] as const) {
      const [dx, dy] = [u - toChip.tx, v - toChip.ty];
      const x = Math.min(Math.max((toChip.a * dx + toChip.b * dy) / squares, 0), size.width - 1);
      const y = Math.min(Math.max((toChip.a * dy - toChip.b * dx) / squares, 0), size.height - 1);
      expect(x).toBeGreaterThanOrEqual(left);
      expect(y).toBeGreaterThanOrEqual(top);
      expect(x).toBeLessThanOrEqual(left + width - 1);
      expect(y).toBeLessThanOrEqual(top + height - 1);
    }
    expect(left + width).toBeLessThanOrEqual(size.width);
    expect(top + height).toBeLessThanOrEqual(size.height);
  });

  it("is never empty, wherever the landmarks lie", () => {
    const far = { x: -5000, y: -5000 };
    const toChip = similarityFromLandmarks({
      leftEye: far,
      rightEye: { x: -4990, y: -5000 },
      nose: { x: -4995, y: -4993 },
      leftMouth: { x: -4999, y: -4988 },
      rightMouth: { x: -4991, y: -4988 },
    })!;
    const region = chipRegion(toChip, { width: 20, height: 10 });
    expect(region).toEqual({ left: 0, top: 0, width: 1, height: 1 });
  });
});
