import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  regionOf,
  samplingIn,
  samplingOf,
  similarityToChip,
  stepOf,
  warp,
  warpCubic,
  type Picture,
  type Sampling,
} from "../src/mod.js";

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

function warped(picture: Picture, sampling: Sampling, side: number): Uint8Array {
  const square = new Uint8Array(side * side * 3);
  warp(picture, sampling, side, square);
  return square;
}

function warpedCubic(picture: Picture, sampling: Sampling, side: number): Uint8Array {
  const square = new Uint8ClampedArray(side * side * 3);
  warpCubic(picture, sampling, side, square);
  return new Uint8Array(square.buffer);
}

const IDENTITY: Sampling = { x: 0, y: 0, xu: 1, xv: 0, yu: 0, yv: 1 };

describe("warp", () => {
  const picture = triangleWaves(golden.picture);

  it.each(golden.cases)(
    "agrees with OpenCV within a step: $name",
    ({ grid, samples, mean, ...similarity }) => {
      const square = warped(picture, samplingOf(similarity), 144);
      const here = grid.flatMap((v) =>
        grid.map((u) => Array.from(square.subarray((v * 144 + u) * 3, (v * 144 + u) * 3 + 3))),
      );
      for (const [i, sample] of samples.entries()) {
        for (const c of [0, 1, 2] as const) expect(Math.abs(here[i]![c]! - sample[c])).toBeLessThanOrEqual(1);
      }
      expect(square.reduce((sum, value) => sum + value, 0) / square.length).toBeCloseTo(mean, 0);
    },
  );

  it("takes the same pixels of a region as of the whole picture", () => {
    const sampling = samplingOf({ a: 0.6, b: 0.3, tx: -30, ty: -50 });
    const region = regionOf(sampling, 112, picture);
    const pixels = new Uint8Array(region.width * region.height * 3);
    for (let row = 0; row < region.height; row++) {
      const from = ((region.top + row) * picture.width + region.left) * 3;
      pixels.set(picture.pixels.subarray(from, from + region.width * 3), row * region.width * 3);
    }
    const cut: Picture = { pixels, width: region.width, height: region.height };
    expect(region.width).toBeLessThan(picture.width);
    expect(warped(cut, samplingIn(sampling, region, cut), 112)).toEqual(warped(picture, sampling, 112));
  });
});

describe.each([
  { name: "warp", sample: warped },
  { name: "warpCubic", sample: warpedCubic },
])("$name", ({ sample }) => {
  it("copies a picture of the square's size exactly under the identity", () => {
    const own = triangleWaves({ width: 112, height: 112 });
    expect(sample(own, IDENTITY, 112)).toEqual(own.pixels);
  });

  it("replicates the border of a face at the corner of the photo", () => {
    const one: Picture = { pixels: Uint8Array.of(10, 20, 30), width: 1, height: 1 };
    const square = sample(one, samplingOf({ a: 3, b: 1, tx: -40, ty: 25 }), 96);
    expect(new Set(square)).toEqual(new Set([10, 20, 30]));
    expect(Array.from(square.subarray(0, 3))).toEqual([10, 20, 30]);
  });
});

describe("samplingIn", () => {
  it("keeps pixel centres where a picture is scaled", () => {
    const whole = { left: 0, top: 0, width: 100, height: 50 };
    // The middle between two pixels of the large one is a pixel's centre in the small one.
    const halved = samplingIn({ ...IDENTITY, x: 0.5, y: 2.5 }, whole, { width: 50, height: 25 });
    expect(halved).toEqual({ x: 0, y: 1, xu: 0.5, xv: 0, yu: 0, yv: 0.5 });
    expect(stepOf(halved)).toBe(0.5);
  });
});

describe("regionOf", () => {
  it("holds every pixel that the square samples", () => {
    const size = { width: 400, height: 300 };
    const sampling = samplingOf({ a: 0.7, b: 0.3, tx: -120, ty: -60 });
    const { left, top, width, height } = regionOf(sampling, 144, size);
    for (const [u, v] of [
      [0, 0],
      [143, 0],
      [0, 143],
      [143, 143],
    ] as const) {
      const x = Math.min(Math.max(sampling.x + sampling.xu * u + sampling.xv * v, 0), size.width - 1);
      const y = Math.min(Math.max(sampling.y + sampling.yu * u + sampling.yv * v, 0), size.height - 1);
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
    const toChip = similarityToChip(
      {
        leftEye: far,
        rightEye: { x: -4990, y: -5000 },
        nose: { x: -4995, y: -4993 },
        leftMouth: { x: -4999, y: -4988 },
        rightMouth: { x: -4991, y: -4988 },
      },
      112,
    )!;
    const region = regionOf(samplingOf(toChip), 112, { width: 20, height: 10 });
    expect(region).toEqual({ left: 0, top: 0, width: 1, height: 1 });
  });
});
