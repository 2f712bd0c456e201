import { seededRandom } from "@similarfaces/load";
import { describe, expect, it } from "vitest";
import { isSloping, slopeOf, type Sample } from "../src/soakFit.js";

const SAMPLES = 2_000;
const PHOTOS_PER_SAMPLE = 10;

/** Memory that wanders as a collector lets it: each sample keeps most of the one before. */
function series(kibPerThousandPhotos: number, seed: number, keep = 0.95): Sample[] {
  const random = seededRandom(seed);
  let deviation = 0;
  return Array.from({ length: SAMPLES }, (_, i) => {
    const photos = i * PHOTOS_PER_SAMPLE;
    deviation = keep * deviation + (random() - 0.5) * 1_000;
    return { photos, kib: 200_000 + (kibPerThousandPhotos * photos) / 1_000 + deviation };
  });
}

describe("the slope of memory", () => {
  it("is that of a line, with no doubt", () => {
    const slope = slopeOf(Array.from({ length: 400 }, (_, i) => ({ photos: 10 * i, kib: 1_000 + 3 * i })))!;
    expect(slope.kibPerThousandPhotos).toBeCloseTo(300, 6);
    expect(slope.halfWidth).toBeCloseTo(0, 6);
    expect(isSloping(slope)).toBe(true);
  });

  it("has an interval that holds the truth as often as it says, although samples depend on one another", () => {
    const runs = Array.from({ length: 200 }, (_, seed) => slopeOf(series(50, seed))!);
    const held = runs.filter((slope) => Math.abs(slope.kibPerThousandPhotos - 50) <= slope.halfWidth);
    // 95 % of 200, and what chance and neighbours that are not quite free of one another take from it.
    expect(held.length).toBeGreaterThanOrEqual(180);
  });

  it("calls memory that wanders flat, and a leak a leak", () => {
    const flat = Array.from({ length: 100 }, (_, seed) => slopeOf(series(0, seed))!);
    expect(flat.filter(isSloping).length).toBeLessThanOrEqual(10);
    const leaks = Array.from({ length: 20 }, (_, seed) => slopeOf(series(500, seed))!);
    expect(leaks.every(isSloping)).toBe(true);
  });

  it("is not given for a handful of samples, or for none of any length", () => {
    expect(slopeOf([])).toBeUndefined();
    expect(slopeOf(series(0, 1).slice(0, 11))).toBeUndefined();
    expect(slopeOf(Array.from({ length: 100 }, () => ({ photos: 5, kib: 100 })))).toBeUndefined();
  });
});
