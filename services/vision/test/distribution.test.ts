import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  argmax,
  expectation,
  falseMatchRate,
  falsePositiveRate,
  likelihood,
  quantile,
  round,
  verdictOf,
} from "../src/mod.js";

interface Golden {
  probabilities: number[];
  mean: number;
  quantiles: Record<string, number>;
}
/** numpy: mean, and interpolation of the cumulative distribution. */
const golden = JSON.parse(
  readFileSync(new URL("golden/distribution.json", import.meta.url), "utf8"),
) as Golden;

describe("distributions", () => {
  it("the expectation agrees with numpy", () => {
    expect(expectation(golden.probabilities)).toBeCloseTo(golden.mean, 9);
  });

  it.each(Object.entries(golden.quantiles))("the quantile at %s agrees with numpy", (share, value) => {
    expect(quantile(golden.probabilities, Number(share))).toBeCloseTo(value, 6);
  });

  it("quantiles stay within the values, also where all the mass is on one", () => {
    expect(quantile([1, 0, 0], 0.1)).toBe(0);
    expect(quantile([0, 0, 1], 0.999)).toBe(2);
    expect(quantile([0, 1, 0], 0.5)).toBe(1);
  });

  it("argmax takes the first of equals; round keeps its decimals", () => {
    expect(argmax([1, 3, 3])).toBe(1);
    expect(round(0.123456, 4)).toBe(0.1235);
  });
});

describe("calibration", () => {
  const calibration = { slope: 24.2252, intercept: -5.737 };
  const curve = [
    [0.2, 0.5],
    [0.3, 1e-2],
    [0.5, 1e-4],
  ] as const;

  it("is one half where the logistic crosses, and rises with the cosine", () => {
    expect(likelihood(5.737 / 24.2252, calibration)).toBeCloseTo(0.5, 12);
    expect(likelihood(0.9, calibration)).toBeGreaterThan(likelihood(0.3, calibration));
  });

  it("has the measured share of strangers at each point, and in between its logarithm on a line", () => {
    for (const [cosine, rate] of curve) expect(falseMatchRate(cosine, curve)).toBe(rate);
    expect(falseMatchRate(0.4, curve)).toBeCloseTo(1e-3, 12);
  });

  it("says nothing rarer than was measured: above the last point it stays, below the first it is everybody", () => {
    expect([0.5, 0.7, 1].map((cosine) => falseMatchRate(cosine, curve))).toEqual([1e-4, 1e-4, 1e-4]);
    expect([0.1999, -1].map((cosine) => falseMatchRate(cosine, curve))).toEqual([1, 1]);
  });

  it("counts how many strangers find somebody as alike in a gallery", () => {
    expect(falsePositiveRate(1e-3, 76)).toBeCloseTo(0.0732, 4);
    expect(falsePositiveRate(1e-3, 1)).toBeCloseTo(1e-3, 12);
    expect(falsePositiveRate(1e-7, 1_000_000)).toBeCloseTo(0.0952, 4);
    expect([falsePositiveRate(0.2, 0), falsePositiveRate(1, 0), falsePositiveRate(1, 5)]).toEqual([0, 0, 1]);
  });

  it("speaks of likeness by that, bounds included", () => {
    expect([0, 0.01, 0.011, 0.1, 0.11, 1 / 3, 0.34, 1].map(verdictOf)).toEqual([
      "very_alike",
      "very_alike",
      "quite_alike",
      "quite_alike",
      "a_little_alike",
      "a_little_alike",
      "no_close_match",
      "no_close_match",
    ]);
  });
});
