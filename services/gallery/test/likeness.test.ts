import type { Manifest } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { likenessOf, matchesOf } from "../src/stages/likeness.js";

const manifest = {
  id: "test",
  version: "1.0.0",
  thresholds: { fmr1e2: 0.3, fmr1e3: 0.4, fmr1e4: 0.5 },
  calibration: { slope: 20, intercept: -6, prior: 0.5 },
} as Manifest;

const nearest = (...cosines: number[]) => ({
  galleryFaces: 9,
  candidates: cosines.map((similarity, i) => ({
    identityId: `i${i}`,
    name: `N${i}`,
    faceId: `f${i}`,
    similarity,
  })),
});

describe("likeness", () => {
  it("puts each threshold on the alike side", () => {
    const { matches } = matchesOf(nearest(0.5, 0.4999, 0.4, 0.3999, 0.3, 0.2999), likenessOf(manifest));
    expect(matches.map(({ verdict }) => verdict)).toEqual([
      "very_alike",
      "quite_alike",
      "quite_alike",
      "a_little_alike",
      "a_little_alike",
      "no_close_match",
    ]);
  });

  it("keeps the raw cosine beside the likelihood, and returns the nearest however far", () => {
    const { matches, verdict, galleryFaces } = matchesOf(nearest(0.3, -0.9), likenessOf(manifest));
    expect(matches).toMatchObject([
      { similarity: 0.3, likelihood: 0.5 },
      { similarity: -0.9, likelihood: 0 },
    ]);
    expect([verdict, galleryFaces]).toEqual(["a_little_alike", 9]);
    expect(matchesOf(nearest(0.3, -0.9), likenessOf(manifest), 0.4).matches.length).toBe(1);
    expect(matchesOf(nearest(-0.9), likenessOf(manifest), 0.4).verdict).toBe("no_close_match");
  });

  it("refuses an embedder whose scores nobody has measured", () => {
    const { calibration, ...uncalibrated } = manifest;
    expect(calibration).toBeTruthy();
    expect(() => likenessOf(uncalibrated)).toThrow(/test@1\.0\.0 needs calibration/);
    expect(() => likenessOf({ ...manifest, thresholds: { fmr1e2: 0.3 } })).toThrow(/fmr1e4/);
  });
});
