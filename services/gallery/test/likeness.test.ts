import type { Manifest } from "@similarfaces/inference";
import { describe, expect, it } from "vitest";
import { likenessOf, matchesOf } from "../src/stages/likeness.js";

const manifest = {
  id: "test",
  version: "1.0.0",
  falseMatches: {
    data: "trial",
    date: "2026-01-31",
    pairs: 1_000_000,
    curve: [
      [0, 0.5],
      [0.3, 1e-2],
      [0.4, 1e-3],
      [0.5, 1e-4],
    ],
  },
  calibration: { slope: 20, intercept: -6, prior: 0.5 },
} as unknown as Manifest;

const nearest = (galleryFaces: number, ...cosines: number[]) => ({
  galleryFaces,
  candidates: cosines.map((similarity, i) => ({
    identityId: `i${i}`,
    name: `N${i}`,
    faceId: `f${i}`,
    similarity,
  })),
});

describe("likeness", () => {
  it("is in words by how many strangers find somebody as alike in a gallery of this size", () => {
    const { matches, verdict } = matchesOf(nearest(76, 0.5, 0.4, 0.33, 0.3, 0), likenessOf(manifest));
    expect(matches.map((match) => [match.verdict, match.falsePositiveRate])).toEqual([
      ["very_alike", 0.00757],
      // One stranger in 13.
      ["quite_alike", 0.0732],
      ["a_little_alike", 0.317],
      ["no_close_match", 0.534],
      ["no_close_match", 1],
    ]);
    expect(verdict).toBe("very_alike");
  });

  it("means less in a larger gallery, while the pair's own figures stay", () => {
    const of = (galleryFaces: number) =>
      matchesOf(nearest(galleryFaces, 0.4), likenessOf(manifest)).matches[0]!;
    expect([1, 10, 100, 1_000, 100_000].map((faces) => of(faces).verdict)).toEqual([
      "very_alike",
      "very_alike",
      "quite_alike",
      "no_close_match",
      "no_close_match",
    ]);
    const { likelihood, falseMatchRate, similarity } = of(1);
    expect(of(100_000)).toMatchObject({ likelihood, falseMatchRate, similarity });
  });

  it("is never called rarer than the last point that was measured", () => {
    const [same] = matchesOf(nearest(1_000, 1), likenessOf(manifest)).matches;
    expect(same).toMatchObject({ falseMatchRate: 1e-4, falsePositiveRate: 0.0952, verdict: "quite_alike" });
  });

  it("keeps the raw cosine beside the likelihood, and returns the nearest however far", () => {
    const { matches, verdict, galleryFaces } = matchesOf(nearest(9, 0.36, -0.9), likenessOf(manifest));
    expect(matches).toMatchObject([
      { similarity: 0.36, likelihood: 0.7685 },
      { similarity: -0.9, likelihood: 0, falseMatchRate: 1, falsePositiveRate: 1 },
    ]);
    expect([verdict, galleryFaces]).toEqual(["quite_alike", 9]);
    expect(matchesOf(nearest(9, 0.36, -0.9), likenessOf(manifest), 0.4).matches.length).toBe(1);
    expect(matchesOf(nearest(9, -0.9), likenessOf(manifest), 0.4).verdict).toBe("no_close_match");
  });

  it("says of an embedder whose cosines nobody has measured that it is uncalibrated", () => {
    const { calibration: _, falseMatches: __, ...uncalibrated } = manifest;
    expect(likenessOf(uncalibrated)).toBeUndefined();
    const { matches, verdict } = matchesOf(nearest(9, 0.7, 0.1), undefined);
    expect(matches).toMatchObject([
      { similarity: 0.7, verdict: "uncalibrated" },
      { similarity: 0.1, verdict: "uncalibrated" },
    ]);
    for (const { likelihood, falseMatchRate, falsePositiveRate } of matches) {
      expect([likelihood, falseMatchRate, falsePositiveRate]).toEqual([undefined, undefined, undefined]);
    }
    expect(verdict).toBe("uncalibrated");
    expect(matchesOf(nearest(0), undefined).verdict).toBe("no_close_match");
  });

  it("refuses a likelihood to search by where there is none", () => {
    const search = () => matchesOf(nearest(9, 0.7), undefined, 0.5);
    expect(search).toThrow(expect.objectContaining({ code: "bad_request" }) as Error);
    expect(search).toThrow(/no calibration/);
  });
});
