import { describe, expect, it } from "vitest";
import { measureClassification } from "../src/measures/classification.js";
import { measureDetection } from "../src/measures/detection.js";
import { measureIdentification } from "../src/measures/identification.js";
import { measureRanges, measureValues } from "../src/measures/value.js";
import { measureVerification } from "../src/measures/verification.js";

describe("a classifier's figures", () => {
  const face = (truth: string, probabilities: Record<string, number>, race: string) => ({
    truth,
    probabilities: new Map(Object.entries(probabilities)),
    groups: { race, gender: truth },
  });
  const faces = [
    face("male", { male: 0.9, female: 0.1 }, "Indian"),
    face("male", { male: 0.4, female: 0.6 }, "Black"),
    face("female", { male: 0.2, female: 0.8 }, "Black"),
    face("female", { male: 0.3, female: 0.7 }, "Black"),
  ];

  it("are given overall, by label and by every other group", () => {
    const figures = measureClassification("gender", faces, { male: ["male"], female: ["female"] });
    expect(figures).toEqual({
      accuracy: 0.75,
      ci95: 0.4244,
      // One face in each bin: .1, .6, .2 and .3 from what came true.
      calibration_error: 0.3,
      recall: { male: 0.5, female: 1 },
      confusion_rows_true: [
        [1, 1],
        [0, 2],
      ],
      by_race: { Black: 0.6667, Indian: 1 },
    });
  });

  it("add up what a coarser label of the data stands for", () => {
    const asian = face("Asian", { White: 0.4, "East Asian": 0.3, "Southeast Asian": 0.3 }, "Asian");
    const scheme = { White: ["White"], Asian: ["East Asian", "Southeast Asian"] };
    expect(measureClassification("race", [asian], scheme)["accuracy"]).toBe(1);
  });
});

describe("a measure's figures", () => {
  const bins = Array.from({ length: 101 }, (_, year) => year);
  const years = { kind: "measure", name: "age", unit: "years", range: [0, 100], bins } as const;
  const face = (truth: number, value: number, age: string) => ({
    truth,
    value,
    probabilities: Array.from({ length: 101 }, (_, year) => (year === value ? 1 : 0)),
    groups: { age },
  });

  it("are mean errors in its unit, overall and by group", () => {
    expect(measureValues(years, [face(10, 12, "10-19"), face(2, 3, "0-9"), face(20, 28, "20-29")])).toEqual({
      mae_years: 3.67,
      within_5: 0.6667,
      mae_by_age: { "0-9": [1, 1], "10-19": [2, 1], "20-29": [8, 1] },
    });
  });

  it("say how often the interval that is shown holds the truth, and how wide it is", () => {
    const shown = { ...years, interval: { share: 0.8, decimals: 0 } } as const;
    const faces = (
      [
        [20, 19.6, 30.2],
        [31, 19.6, 30.2],
        [40, 35, 39.5],
      ] as const
    ).map(([truth, ...interval]) => ({
      ...face(truth, 30, "20-"),
      interval,
    }));
    expect(measureValues(shown, faces)).toMatchObject({
      covered_by_80_percent_interval: 0.6667,
      median_width_of_interval_years: 10,
    });
  });

  it("are shares of the right range where the data has ranges", () => {
    const ranges = [
      [0, 9],
      [10, 19],
      [20, 100],
    ] as const;
    const faces = [face(0, 5, "0-9"), face(1, 25, "10-19"), face(0, 25, "0-9"), face(2, 40, "20-")];
    expect(measureRanges(years, faces, ranges)).toMatchObject({
      bin3_accuracy: 0.5,
      within_one_bin: 0.75,
      by_age: { "0-9": 0.5, "10-19": 0, "20-": 1 },
    });
  });

  it("of a single number: nothing is near without a range to say how near, and a range holds what is nearest to it", () => {
    const sharpness = { kind: "measure", name: "sharpness", unit: "" } as const;
    const faces = [0.2, 1.4, 7].map((value) => ({ truth: 1, value, probabilities: [], groups: {} }));
    expect(measureValues(sharpness, faces)).toEqual({ mae: 2.4 });
    const ranges = [
      [0, 0],
      [1, 5],
    ] as const;
    expect(measureRanges(sharpness, faces, ranges)).toMatchObject({ bin2_accuracy: 0.6667 });
  });
});

describe("an embedder's figures", () => {
  const measured = (...curve: [cosine: number, rate: number][]) => ({
    data: "trial",
    date: "2026-01-31",
    pairs: 1_000,
    curve,
  });

  it("on pairs: each fold with the threshold of the others, and the pack's own curve", () => {
    const pairs = [0.9, 0.8, 0.35, 0.7].flatMap((cosine, i) => [
      { cosine, same: true, fold: i % 2 },
      { cosine: 0.4 - i / 10, same: false, fold: i % 2 },
    ]);
    expect(measureVerification(pairs, 2, measured([0.2, 0.05], [0.38, 0.01], [0.75, 0.001]))).toEqual({
      // Fold 1 says 0.3, above which fold 0 has one stranger; fold 0 says 0.2, above which fold 1 has one.
      accuracy: 0.75,
      std: 0,
      genuine: 4,
      impostor: 4,
      true_matches_at_fmr: { "0.01": 0.75, "0.001": 0.5 },
      false_matches_at_fmr: { "0.01": 0.25, "0.001": 0 },
    });
  });

  it("on people: how alike strangers are where enough decide it, rank 1, and a calibration that tells them apart", () => {
    const people = 60;
    const faces = Array.from({ length: 2 * people }, (_, i) => {
      // Everybody has a direction of their own; the second picture leans a little towards a common one, some more than others.
      const embedding = new Float32Array(people + 1);
      const lean = i % 2 === 0 ? 0 : 0.4 + (0.2 * i) / (2 * people);
      embedding[i >> 1] = Math.cos(lean);
      embedding[people] = Math.sin(lean);
      return { person: `person ${i >> 1}`, embedding };
    });
    const { figures, forManifest } = measureIdentification(faces);
    expect(figures).toMatchObject({ people, genuine: people, gallery: people, rank1: 1 });
    expect(figures["impostor"]).toBe((2 * people * (2 * people - 1)) / 2 - people);
    expect(Object.keys(figures["threshold_at_fmr"] as object)).toEqual(["0.01"]);
    expect(figures["tmr_at_fmr"]).toEqual({ "0.01": 1 });
    const { pairs, curve } = forManifest!.falseMatches;
    expect(pairs).toBe(figures["impostor"]);
    expect(curve.map(([, rate]) => rate)).toEqual([0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002]);
    // Three strangers in four have no direction in common.
    expect(curve[0]).toEqual([0, 0.5]);
    const leans = Array.from({ length: people }, (_, i) =>
      Math.sin(0.4 + (0.2 * (2 * i + 1)) / (2 * people)),
    );
    const cosines = leans.flatMap((a, i) => leans.slice(i + 1).map((b) => a * b));
    for (const [cosine, rate] of curve.slice(1)) {
      const share = cosines.filter((one) => one > cosine).length / pairs;
      expect(Math.abs(share - rate)).toBeLessThan(0.001);
    }
    const { slope, intercept } = forManifest!.calibration!;
    const likely = (cosine: number) => 1 / (1 + Math.exp(-(slope * cosine + intercept)));
    expect(likely(Math.cos(0.5))).toBeGreaterThan(0.9);
    expect(likely(Math.sin(0.5) ** 2)).toBeLessThan(0.2);
  });
});

describe("a detector's figures", () => {
  const found = (x: number, score: number) => ({
    score,
    box: { x, y: 0, width: 20, height: 20 },
    landmarks: undefined as never,
  });
  const scenes = [
    {
      size: { width: 1600, height: 800 },
      truth: [
        { x: 0, y: 0, width: 20, height: 20 },
        { x: 100, y: 0, width: 80, height: 80 },
      ],
      found: [found(2, 0.9), found(4, 0.65), found(500, 0.45)],
    },
    { size: { width: 800, height: 800 }, truth: [], found: [found(0, 0.55)] },
  ];

  it("count faces, boxes too many and false alarms by threshold, and faces by their width in the detector's frame", () => {
    expect(measureDetection(scenes, "overlap", 0.5)).toMatchObject({
      faces: 2,
      images: 1,
      scenes_without_faces: 1,
      by_threshold: {
        "0.4": { recall: 0.5, unmatched: 2, false_alarms: 1 },
        "0.5": { recall: 0.5, unmatched: 1, false_alarms: 1 },
        "0.6": { recall: 0.5, unmatched: 1, false_alarms: 0 },
        "0.7": { recall: 0.5, unmatched: 0, false_alarms: 0 },
      },
      "recall_by_width_in_800_px_at_0.5": { "under 20 px": [1, 1], "40 to 100 px": [0, 1] },
    });
  });

  it("without a face in any scene are false alarms alone", () => {
    expect(measureDetection(scenes.slice(1), "centre", 0.55)).toEqual({
      faces: 0,
      images: 0,
      scenes_without_faces: 1,
      matching: "centre and size",
      by_threshold: {
        "0.4": { unmatched: 0, false_alarms: 1 },
        "0.5": { unmatched: 0, false_alarms: 1 },
        "0.55": { unmatched: 0, false_alarms: 1 },
        "0.6": { unmatched: 0, false_alarms: 0 },
        "0.7": { unmatched: 0, false_alarms: 0 },
      },
    });
  });

  it("where sets draw their boxes differently, go by centre and size", () => {
    const [scene] = scenes;
    const large = [{ ...found(-20, 0.9), box: { x: -20, y: -20, width: 60, height: 60 } }];
    const recall = (matching: "overlap" | "centre") => {
      const figures = measureDetection([{ ...scene!, found: large }], matching, 0.5);
      return (figures["by_threshold"] as Record<string, { recall: number }>)["0.5"]!.recall;
    };
    expect(recall("overlap")).toBe(0);
    expect(recall("centre")).toBe(0.5);
  });
});
