import type { FaceView } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import { faceSentence, isSettled } from "../src/analyse/faceSentence";
import { accuracyOf } from "../src/analyse/accuracy";
import {
  genderWords,
  matchesSentence,
  raceWords,
  ranked,
  tagWords,
  verdictWords,
} from "../src/analyse/words";
import { formatMs, formatPercent } from "../src/formats";

const guess = (label: string, probability: number) => ({
  label,
  probability,
  probabilities: [
    { label: "other", probability: 1 - probability },
    { label, probability },
  ],
});
const match = (verdict: "very_alike" | "no_close_match", name = "Ada") => ({
  matches: [{ identityId: "i", name, faceId: "f", similarity: 0.5, likelihood: 0.9, verdict }],
  galleryFaces: 1,
  verdict,
});
const done = <T>(value: T) => ({ state: "done" as const, value, model: "m@1", attempt: 1 });

describe("words for a model's answers", () => {
  it("read as guesses, less sure ones more so", () => {
    expect(genderWords(guess("female", 0.94))).toBe("Probably a woman");
    expect(genderWords(guess("male", 0.52))).toBe("Perhaps a man");
    expect(raceWords(guess("Latino_Hispanic", 0.4))).toBe("Unsure: Latino or Hispanic");
  });

  it("say how alike, and when nobody is", () => {
    expect(matchesSentence(match("very_alike"))).toBe("Very alike: Ada");
    expect(matchesSentence(match("no_close_match"))).toBe("No close match; these are the nearest.");
    expect(matchesSentence({ matches: [], galleryFaces: 0, verdict: "no_close_match" })).toContain("empty");
    expect(verdictWords("quite_alike")).toBe("Quite alike");
  });

  it("rank labels by probability without changing the answer", () => {
    const answer = guess("happy", 0.7);
    expect(ranked(answer).map(({ label }) => label)).toEqual(["happy", "other"]);
    expect(answer.probabilities[0]!.label).toBe("other");
  });

  it("make one sentence of a face, of what is known of it", () => {
    const point = { x: 0, y: 0 };
    const face: FaceView = {
      index: 0,
      box: { x: 0, y: 0, width: 1, height: 1 },
      landmarks: { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point },
      score: 1,
      fields: {
        age: done({ years: 31.4, lowYears: 25, highYears: 37, probabilities: [] }),
        gender: { state: "pending" },
        emotion: done(guess("surprise", 0.9)),
        match: done(match("no_close_match")),
      },
    };
    expect(faceSentence(face)).toBe("Looks 31. Looks surprised. No close match; these are the nearest.");
    expect(isSettled(face)).toBe(false);
    expect(tagWords(face)).toBe("looks 31, surprised");
  });

  it("say how often a model was right, and for whom", () => {
    const model = { pack: "p", id: "i", version: "1", task: "gender", licence: "", source: "" };
    const measured = [
      {
        data: "Faces",
        n: 4987,
        date: "2026",
        figures: { accuracy: 0.8997, by_race: { Black: 0.8363, White: 0.9 } },
      },
    ];
    const accuracy = accuracyOf({ ...model, measured })!;
    expect(accuracy.sentence).toBe("Right in 90 % of 4,987 tests (Faces).");
    expect(accuracy.groups).toEqual([
      { name: "Black", value: 0.8363 },
      { name: "White", value: 0.9 },
    ]);
    const age = [
      { data: "Ages", n: 10, date: "", figures: { mae_years: 4.86, mae_by_age: { "0-9": [1.68, 306] } } },
    ];
    expect(accuracyOf({ ...model, measured: age })).toMatchObject({
      unit: "years",
      groups: [{ name: "0-9", value: 1.68 }],
    });
    expect(accuracyOf({ ...model, measured: [] })).toBeUndefined();
  });
});

describe("figures", () => {
  it("have units, and never write something as nothing", () => {
    expect([0.4, 84.4, 1_300, 59_600, 125_000].map(formatMs)).toEqual([
      "0 ms",
      "84 ms",
      "1.3 s",
      "60 s",
      "2 min 5 s",
    ]);
    expect([0, 0.004, 0.94, 0.996, 1].map(formatPercent)).toEqual([
      "0 %",
      "< 1 %",
      "94 %",
      "> 99 %",
      "100 %",
    ]);
  });
});
