import { emptyJob, jobAt, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import type { Observation } from "../src/faults/observation.js";
import { verdictOf, type Evidence } from "../src/faults/verdict.js";

const ACCEPTED_AT_MS = 1_000;
const DEADLINE_AT_MS = 61_000;
const LONG_AFTER_MS = 100_000;

function result(stage: ResultEvent["stage"], more: Partial<ResultEvent> = {}): ResultEvent {
  return { jobId: "a", stage, model: "m", attempt: 1, ...more };
}

const accepted = result("accepted", {
  accepted: {
    stages: ["extract", "looks"],
    acceptedAtMs: ACCEPTED_AT_MS,
    deadlineAtMs: DEADLINE_AT_MS,
    expiresAtMs: 600_000,
    contentType: "image/jpeg",
    size: { width: 10, height: 10 },
    bytes: 1,
    facesMax: 64,
    chipSide: 112,
    facesPerMessage: 4,
  },
});
const POINT = { x: 0, y: 0 };
const extract = (x = 1, skipped = false) =>
  result("extract", {
    extract: {
      size: { width: 10, height: 10 },
      facesOmitted: 0,
      turned: 0,
      truncated: false,
      faces: [
        {
          index: 0,
          box: { x, y: 1, width: 5, height: 5 },
          landmarks: { leftEye: POINT, rightEye: POINT, nose: POINT, leftMouth: POINT, rightMouth: POINT },
          score: 1,
          skipped,
        },
      ],
    },
  });
/** An analyzer that no pack has: a label and a number. */
const looks = (label = "bare", value = 40) =>
  result("looks", {
    face: 0,
    analysis: {
      answers: [
        { name: "mask", classification: { label, probability: 1, probabilities: [], hides: [] } },
        { name: "age", measure: { value, unit: "years", probabilities: [] } },
      ],
    },
  });

function jobOf(events: readonly ResultEvent[]): JobState {
  return jobAt(events.reduce(reduceJob, emptyJob("a")), LONG_AFTER_MS);
}

function observation(events: readonly ResultEvent[], more: Partial<Observation> = {}): Observation {
  return {
    jobId: "a",
    photo: "p",
    acceptedAtMs: ACCEPTED_AT_MS,
    shownTwice: [],
    storedTwice: [],
    notShown: [],
    completeAtMs: 5_000,
    job: jobOf(events),
    ...more,
  };
}

const WHOLE = [accepted, extract(), looks()];

function judge(observations: Observation[], more: Partial<Evidence> = {}) {
  const undisturbed = new Map([["p", jobOf(WHOLE)]]);
  return verdictOf({ observations, undisturbed, outages: [], faultsAtMs: [], ended: [], ...more });
}

describe("the verdict of a trial", () => {
  it("counts what is answered in full, and notes nothing about it", () => {
    expect(judge([observation(WHOLE)])).toMatchObject({ accepted: 1, completed: 1, details: [] });
  });

  it("calls a job lost of which nothing is stored, and one whose visitor never receives its end", () => {
    const { completeAtMs: _, ...untold } = observation(WHOLE);
    expect(judge([observation([]), untold])).toMatchObject({ accepted: 2, completed: 0, lost: 2 });
  });

  it("calls a job doubled that was shown twice or is stored twice", () => {
    const twice = [
      observation(WHOLE, { shownTwice: ["looks.0"] }),
      observation(WHOLE, { storedTwice: ["looks.0"] }),
    ];
    expect(judge(twice)).toMatchObject({ completed: 2, doubled: 2 });
  });

  it("excuses what expires in an outage that reaches the deadline, and nothing else", () => {
    const expired = [observation([accepted, extract()])];
    const through = { fromMs: 30_000, untilMs: DEADLINE_AT_MS + 10 };
    const before = { fromMs: 30_000, untilMs: 50_000 };
    expect(judge(expired, { outages: [through] })).toMatchObject({ expired: 1, expiredInVain: 0, lost: 0 });
    expect(judge(expired, { outages: [before] })).toMatchObject({ expired: 1, expiredInVain: 1 });
    expect(judge(expired)).toMatchObject({ expired: 1, expiredInVain: 1 });
  });

  it("counts failures by their code", () => {
    const failure = { code: "attempts_exhausted", message: "", retryable: true };
    const failed = [accepted, extract(), result("looks", { face: 0, failure })];
    expect(judge([observation(failed)])).toMatchObject({
      completed: 0,
      failed: 1,
      reasons: { attempts_exhausted: 1 },
    });
  });

  it("sees other boxes, labels and numbers, and answers that were not shown", () => {
    const others = [
      observation([accepted, extract(3), looks()]),
      observation([accepted, extract(), looks("covered")]),
      observation([accepted, extract(), looks("bare", 41)]),
      observation([accepted, extract(), looks("bare", 40.5)]),
      observation(WHOLE, { notShown: ["looks.0"] }),
    ];
    const { differing, details } = judge(others);
    expect(differing).toBe(4);
    expect(details.join("\n")).toMatch(/box\.0\n.*looks\.0\n.*looks\.0\n.*looks\.0 not shown/);
  });

  it("calls a job complete whose faces were skipped", () => {
    const skipped = observation([accepted, extract(1, true)]);
    expect(judge([skipped], { faultsAtMs: [4_000] })).toMatchObject({ completed: 1, recoveryP50Ms: 1_000 });
  });

  it("measures recovery from each fault to the next whole answer", () => {
    const complete = [2_000, 4_000, 9_000].map((completeAtMs) => observation(WHOLE, { completeAtMs }));
    const half = observation([accepted, extract()], { completeAtMs: 3_500 });
    const verdict = judge([...complete, half], { faultsAtMs: [1_000, 3_000, 4_500, 20_000] });
    expect(verdict).toMatchObject({ faults: 4, recoveryP50Ms: 1_000, recoveryMaxMs: 4_500 });
  });
});
