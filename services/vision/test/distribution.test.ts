import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { argmax, expectation, likelihood, quantile, round, verdictOf } from "../src/mod.js";

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
  const thresholds = { fmr1e4: 0.4929, fmr1e3: 0.4064, fmr1e2: 0.3071 };

  it("is one half where the logistic crosses, and rises with the cosine", () => {
    expect(likelihood(5.737 / 24.2252, calibration)).toBeCloseTo(0.5, 12);
    expect(likelihood(0.9, calibration)).toBeGreaterThan(likelihood(0.3, calibration));
  });

  it("speaks of likeness by false match rate, thresholds included", () => {
    const verdicts = [0.5, 0.4929, 0.45, 0.4064, 0.35, 0.3071, 0.3, -1].map((cosine) =>
      verdictOf(cosine, thresholds),
    );
    expect(verdicts).toEqual([
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
