import { describe, expect, it } from "vitest";
import { emptyJob, reduceJob, type AnnouncementJson, type ResultEvent } from "@similarfaces/contracts";
import { describeEvent } from "../src/commands/describe.js";

const text = (en: string) => ({ en });
const announcement: AnnouncementJson = {
  name: "light-and-tone",
  order: 5,
  title: text("Light and tone"),
  answers: [
    {
      name: "light",
      title: text("Light"),
      tag: false,
      caution: {},
      measure: { unit: "", words: text("looks {value}"), decimals: 2, interval: 0.8 },
    },
  ],
  model: {
    pack: "own",
    id: "own",
    version: "1.0.0",
    licence: "MIT",
    source: "",
    notice: "",
    measured: [],
    precision: "int8",
  },
  chipSide: 112,
};
const event = (own: Partial<ResultEvent>): ResultEvent => ({
  jobId: "j",
  model: "",
  attempt: 1,
  stage: "",
  ...own,
});
const job = reduceJob(
  emptyJob("j"),
  event({
    stage: "accepted",
    accepted: {
      stages: ["extract", "light-and-tone", "age"],
      acceptedAtMs: 0,
      deadlineAtMs: 60_000,
      expiresAtMs: 600_000,
      contentType: "image/jpeg",
      size: { width: 1, height: 1 },
      bytes: 1,
      facesMax: 64,
      chipSide: 112,
      facesPerMessage: 4,
    },
  }),
);
const lines = (own: Partial<ResultEvent>) =>
  describeEvent("a.jpg", event({ face: 0, ...own }), job, [announcement]);

describe("a result on the command line", () => {
  it("has the interval of a measure as fine as the measure itself", () => {
    const light = {
      name: "light",
      measure: { value: 0.374, unit: "", low: 0.211, high: 0.519, probabilities: [] },
    };
    const [line] = lines({ stage: "light-and-tone", analysis: { answers: [light] } });
    expect(line).toMatch(/ face 1 {2}light-and-tone looks 0\.37 \(0\.21 to 0\.52\)$/);
  });

  it("says what was answered, by whoever has the name now, and nothing of what was not", () => {
    const tone = {
      name: "tone",
      classification: { label: "red", probability: 0.8, probabilities: [], hides: [] },
    };
    const [line] = lines({ stage: "light-and-tone", analysis: { answers: [tone] } });
    expect(line).toMatch(/ light-and-tone red 80%$/);
  });

  it("says of what nobody has measured that it is so, with the bare similarity", () => {
    const nearest = {
      identityId: "i",
      name: "Ada",
      faceId: "f",
      similarity: 0.412,
      verdict: "uncalibrated",
    } as const;
    const match = { matches: [nearest], galleryFaces: 1, verdict: nearest.verdict };
    const [line] = lines({ stage: "match", match });
    expect(line).toMatch(/ nearest by an embedder that nobody has measured: Ada 0\.41$/);
  });

  it("of the photo says whether the file was cut short, and by how much it is turned", () => {
    const point = { x: 1, y: 1 };
    const face = {
      index: 0,
      box: { x: 10, y: 20, width: 30, height: 40 },
      landmarks: { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point },
      score: 0.9,
      skipped: false,
    };
    const extract = { size: { width: 4, height: 3 }, faces: [face], facesOmitted: 0 };
    const textOf = (turned: number, truncated = false) =>
      describeEvent(
        "a.jpg",
        event({ stage: "extract", extract: { ...extract, turned, truncated } }),
        job,
        [],
      )[0];
    expect(textOf(0)).toMatch(/ photo {3}extract {8}4x3, 1 face \[10,20 30x40 0\.90\]$/);
    expect(textOf(270)).toMatch(/ 4x3, 1 face, upright when turned by 270° \[10,20 30x40 0\.90\]$/);
    expect(textOf(0, true)).toMatch(/ 4x3, 1 face, cut short \[10,20 30x40 0\.90\]$/);
  });

  it("says which parts of a face are hidden beside its matches, and once more where that comes after them", () => {
    const point = { x: 1, y: 1 };
    const landmarks = { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point };
    const box = { x: 10, y: 20, width: 30, height: 40 };
    const faces = [{ index: 0, box, landmarks, score: 0.9, skipped: false }];
    const accepted = { ...job.accepted!, stages: ["extract", "scarf", "match"] };
    const ada = {
      identityId: "i",
      faceId: "f",
      name: "Ada",
      similarity: 0.6,
      verdict: "very_alike" as const,
    };
    const guess = { label: "scarf", probability: 0.9, probabilities: [], hides: ["mouth"] };
    const events = {
      accepted: event({ stage: "accepted", accepted }),
      extract: event({
        stage: "extract",
        extract: { size: { width: 4, height: 3 }, faces, facesOmitted: 0, turned: 0, truncated: false },
      }),
      match: event({
        stage: "match",
        face: 0,
        match: {
          matches: [{ ...ada, likelihood: 0.98, falsePositiveRate: 0.0021 }],
          galleryFaces: 76,
          verdict: "very_alike",
        },
      }),
      scarf: event({
        stage: "scarf",
        face: 0,
        analysis: { answers: [{ name: "scarf", classification: guess }] },
      }),
    };
    const printed = (...order: (keyof typeof events)[]) => {
      let state = emptyJob("j");
      return order.flatMap((name) => {
        state = reduceJob(state, events[name]);
        return describeEvent("a.jpg", events[name], state, []).map((line) => line.replace(/.*face 1 +/, ""));
      });
    };
    const lowered = /^match +quite alike \(as one stranger in 470\): Ada \(mouth is covered: less certain\)$/;
    expect(printed("accepted", "extract", "scarf", "match").at(-1)).toMatch(lowered);
    const [certain, scarf, again] = printed("accepted", "extract", "match", "scarf").slice(-3);
    expect(certain).toMatch(/^match +very alike \(as one stranger in 470\): Ada$/);
    expect(scarf).toMatch(/^scarf +scarf 90%$/);
    expect(again).toMatch(lowered);
  });

  it("stands in columns, whatever the longest name of the job's analyzers", () => {
    const [line] = lines({
      stage: "age",
      analysis: { answers: [] },
      failure: { code: "internal", message: "no", retryable: false },
    });
    expect(line).toMatch(/ face 1 {2}age {12}no \(internal\)$/);
  });
});
