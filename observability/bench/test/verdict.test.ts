import { emptyJob, jobAt, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import type { Sighting } from "../src/faults/sighting.js";
import { verdictOf, type Evidence } from "../src/faults/verdict.js";

const ACCEPTED_AT_MS = 1_000;
const DEADLINE_AT_MS = 61_000;
const LONG_AFTER_MS = 100_000;

function result(stage: ResultEvent["stage"], more: Partial<ResultEvent> = {}): ResultEvent {
  return { jobId: "a", stage, model: "m", attempt: 1, ...more };
}

const accepted = result("accepted", {
  accepted: {
    stages: ["extract", "gender"],
    acceptedAtMs: ACCEPTED_AT_MS,
    deadlineAtMs: DEADLINE_AT_MS,
    expiresAtMs: 600_000,
    contentType: "image/jpeg",
    size: { width: 10, height: 10 },
    bytes: 1,
    facesMax: 64,
  },
});
const POINT = { x: 0, y: 0 };
const extract = (x = 1) =>
  result("extract", {
    extract: {
      size: { width: 10, height: 10 },
      facesOmitted: 0,
      faces: [
        {
          index: 0,
          box: { x, y: 1, width: 5, height: 5 },
          landmarks: { leftEye: POINT, rightEye: POINT, nose: POINT, leftMouth: POINT, rightMouth: POINT },
          score: 1,
        },
      ],
    },
  });
const gender = (label = "female") =>
  result("gender", { face: 0, gender: { label, probability: 1, probabilities: [] } });

function jobOf(events: readonly ResultEvent[]): JobState {
  return jobAt(events.reduce(reduceJob, emptyJob("a")), LONG_AFTER_MS);
}

function sighting(events: readonly ResultEvent[], more: Partial<Sighting> = {}): Sighting {
  return {
    jobId: "a",
    photo: "p",
    acceptedAtMs: ACCEPTED_AT_MS,
    shownTwice: [],
    storedTwice: [],
    unseen: [],
    toldAtMs: 5_000,
    job: jobOf(events),
    ...more,
  };
}

const WHOLE = [accepted, extract(), gender()];

function judge(sightings: Sighting[], more: Partial<Evidence> = {}) {
  const undisturbed = new Map([["p", jobOf(WHOLE)]]);
  return verdictOf({ sightings, undisturbed, outages: [], faultsAtMs: [], ended: [], ...more });
}

describe("the verdict of a trial", () => {
  it("counts what is answered in full, and has no more to say of it", () => {
    expect(judge([sighting(WHOLE)])).toMatchObject({ accepted: 1, completed: 1, details: [] });
  });

  it("calls a job lost of which nothing is stored, and one whose visitor is never told of its end", () => {
    const { toldAtMs: _, ...untold } = sighting(WHOLE);
    expect(judge([sighting([]), untold])).toMatchObject({ accepted: 2, completed: 0, lost: 2 });
  });

  it("calls a job doubled that was shown twice or is stored twice", () => {
    const twice = [
      sighting(WHOLE, { shownTwice: ["gender.0"] }),
      sighting(WHOLE, { storedTwice: ["gender.0"] }),
    ];
    expect(judge(twice)).toMatchObject({ completed: 2, doubled: 2 });
  });

  it("excuses what expires in an outage that reaches the deadline, and nothing else", () => {
    const expired = [sighting([accepted, extract()])];
    const through = { fromMs: 30_000, untilMs: DEADLINE_AT_MS + 10 };
    const before = { fromMs: 30_000, untilMs: 50_000 };
    expect(judge(expired, { outages: [through] })).toMatchObject({ expired: 1, expiredInVain: 0, lost: 0 });
    expect(judge(expired, { outages: [before] })).toMatchObject({ expired: 1, expiredInVain: 1 });
    expect(judge(expired)).toMatchObject({ expired: 1, expiredInVain: 1 });
  });

  it("counts failures by their code", () => {
    const failure = { code: "attempts_exhausted", message: "", retryable: true };
    const failed = [accepted, extract(), result("gender", { face: 0, failure })];
    expect(judge([sighting(failed)])).toMatchObject({
      completed: 0,
      failed: 1,
      reasons: { attempts_exhausted: 1 },
    });
  });

  it("sees other boxes, other labels, and answers that were not shown", () => {
    const others = [
      sighting([accepted, extract(3), gender()]),
      sighting([accepted, extract(), gender("male")]),
      sighting(WHOLE, { unseen: ["gender.0"] }),
    ];
    const { differing, details } = judge(others);
    expect(differing).toBe(3);
    expect(details.join("\n")).toMatch(/box\.0\n.*gender\.0\n.*gender\.0 not shown/);
  });

  it("measures recovery from each fault to the next whole answer", () => {
    const told = [2_000, 4_000, 9_000].map((toldAtMs) => sighting(WHOLE, { toldAtMs }));
    const half = sighting([accepted, extract()], { toldAtMs: 3_500 });
    const verdict = judge([...told, half], { faultsAtMs: [1_000, 3_000, 4_500, 20_000] });
    expect(verdict).toMatchObject({ faults: 4, recoveryP50Ms: 1_000, recoveryMaxMs: 4_500 });
  });
});
