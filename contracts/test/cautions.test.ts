import { describe, expect, it } from "vitest";
import { emptyJob, reduceJob, viewOf, type ResultEvent, type Verdict } from "../src/job.js";

const base = { jobId: "j", model: "", attempt: 1 };
const size = { width: 800, height: 600 };
const point = { x: 1, y: 1 };
const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };
const face = { index: 0, box: { x: 0, y: 0, ...size }, landmarks, score: 0.9, skipped: false };
const times = { acceptedAtMs: 1_000, deadlineAtMs: 61_000, expiresAtMs: 601_000 };
const photo = { contentType: "image/jpeg", size, bytes: 9, facesMax: 64, chipSide: 112, facesPerMessage: 4 };

const accepted: ResultEvent = {
  ...base,
  stage: "accepted",
  accepted: { stages: ["extract", "scarf", "shades", "match"], ...times, ...photo },
};
const extracted: ResultEvent = {
  ...base,
  stage: "extract",
  extract: { size, faces: [face], facesOmitted: 0, turned: 0, truncated: false },
};
const match = (verdict: Verdict): ResultEvent => ({
  ...base,
  stage: "match",
  face: 0,
  match: {
    matches: [{ identityId: "i", faceId: "f", name: "Ada", similarity: 0.5, verdict }],
    galleryFaces: 1,
    verdict,
  },
});
const hiding = (stage: string, ...hides: string[]): ResultEvent => ({
  ...base,
  stage,
  face: 0,
  analysis: {
    answers: [{ name: stage, classification: { label: "yes", probability: 0.9, probabilities: [], hides } }],
  },
});
const faceAfter = (...events: ResultEvent[]) =>
  viewOf([accepted, extracted, ...events].reduce(reduceJob, emptyJob("j"))).faces[0]!;

describe("a face of which parts are hidden", () => {
  it.each([
    ["very_alike", "quite_alike"],
    ["quite_alike", "a_little_alike"],
    ["a_little_alike", "no_close_match"],
    ["no_close_match", "no_close_match"],
    ["uncalibrated", "uncalibrated"],
  ] as const)("shows %s as %s, and the field as it was answered", (verdict, shown) => {
    const { cautions, shownVerdict, fields } = faceAfter(match(verdict), hiding("scarf", "mouth", "nose"));
    expect(shownVerdict).toBe(shown);
    expect(cautions).toEqual([
      { stage: "scarf", hides: ["nose", "mouth"], message: "nose and mouth are covered: less certain" },
    ]);
    expect(fields["match"]).toMatchObject({ state: "done", value: { verdict, matches: [{ verdict }] } });
  });

  it("is the same whichever is answered first, and one step lower for all that hides it", () => {
    const events = [match("very_alike"), hiding("scarf", "mouth"), hiding("shades", "eyes")];
    const view = faceAfter(...events);
    expect(view.shownVerdict).toBe("quite_alike");
    expect(view.cautions.map(({ message }) => message)).toEqual([
      "mouth is covered: less certain",
      "eyes are covered: less certain",
    ]);
    expect(faceAfter(...events.toReversed())).toEqual(view);
  });

  it("has no caution where an analyzer hides nothing, or none that is known here", () => {
    const view = faceAfter(match("very_alike"), hiding("scarf"), hiding("shades", "ears"));
    expect(view).toMatchObject({ cautions: [], shownVerdict: "very_alike" });
  });

  it("has no verdict before there is one", () => {
    expect(faceAfter(hiding("scarf", "mouth"))).not.toHaveProperty("shownVerdict");
  });
});
