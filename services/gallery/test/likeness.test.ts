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

  it("says of an embedder whose scores nobody has measured that it is uncalibrated", () => {
    const { calibration: _, thresholds: __, ...uncalibrated } = manifest;
    expect(likenessOf(uncalibrated)).toBeUndefined();
    const { matches, verdict } = matchesOf(nearest(0.7, 0.1), undefined);
    expect(matches).toMatchObject([
      { similarity: 0.7, verdict: "uncalibrated" },
      { similarity: 0.1, verdict: "uncalibrated" },
    ]);
    expect(matches.map(({ likelihood }) => likelihood)).toEqual([undefined, undefined]);
    expect(verdict).toBe("uncalibrated");
    expect(matchesOf(nearest(), undefined).verdict).toBe("no_close_match");
  });

  it("refuses a likelihood to search by where there is none", () => {
    const search = () => matchesOf(nearest(0.7), undefined, 0.5);
    expect(search).toThrow(expect.objectContaining({ code: "bad_request" }) as Error);
    expect(search).toThrow(/no calibration/);
  });

  it("refuses a manifest with half of what a verdict needs", () => {
    const { calibration: _, ...half } = manifest;
    expect(() => likenessOf(half)).toThrow(/test needs calibration/);
    expect(() => likenessOf({ ...manifest, thresholds: { fmr1e2: 0.3 } })).toThrow(/fmr1e4/);
  });
});
