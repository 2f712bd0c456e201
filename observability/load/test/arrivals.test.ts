import { describe, expect, it } from "vitest";
import { poissonArrivalsMs, seededRandom } from "../src/mod.js";

describe("the schedule", () => {
  it("arrives as often as asked for, with the gaps of a Poisson process", () => {
    const arrivals = poissonArrivalsMs(50, 200_000, seededRandom(1));
    expect(arrivals.length).toBeGreaterThan(9_600);
    expect(arrivals.length).toBeLessThan(10_400);
    const gaps = arrivals.map((at, i) => at - (arrivals[i - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    // Exponential gaps: the standard deviation equals the mean.
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  });

  it("is sorted, within the run, and the same for the same seed", () => {
    const arrivals = poissonArrivalsMs(20, 5_000, seededRandom(7));
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    expect(arrivals.every((at) => at >= 0 && at < 5_000)).toBe(true);
    expect(poissonArrivalsMs(20, 5_000, seededRandom(7))).toEqual(arrivals);
    expect(poissonArrivalsMs(20, 5_000, seededRandom(8))).not.toEqual(arrivals);
  });
});
