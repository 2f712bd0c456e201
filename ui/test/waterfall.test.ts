import { emptyJob, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import { axisMsOf, headlinesOf, lastMs, marksOf, rowsOf } from "../src/analyse/waterfall";
import { eventsOf } from "../src/snapshot";

const jobId = "j";
const event = (stage: ResultEvent["stage"], more: Partial<ResultEvent>): ResultEvent => ({
  jobId,
  stage,
  model: "m@1",
  attempt: 1,
  ...more,
});
const accepted = event("accepted", {
  accepted: {
    stages: ["extract", "embed", "age", "match"],
    acceptedAtMs: 1_000,
    deadlineAtMs: 61_000,
    expiresAtMs: 601_000,
    contentType: "image/jpeg",
    size: { width: 100, height: 100 },
    bytes: 1,
    facesMax: 64,
    chipSide: 112,
    facesPerMessage: 4,
  },
});
const point = { x: 1, y: 1 };
const face = (index: number) => ({
  index,
  box: { x: 0, y: 0, width: 10, height: 10 },
  landmarks: { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point },
  score: 0.9,
  skipped: false,
});
const times = (queuedAtMs: number, startedAtMs: number, finishedAtMs: number) => ({
  timings: { queuedAtMs, startedAtMs, finishedAtMs },
});
const extract = event("extract", {
  ...times(1_010, 1_020, 1_100),
  extract: {
    size: { width: 100, height: 100 },
    faces: [face(0), face(1)],
    facesOmitted: 0,
    turned: 0,
    truncated: false,
  },
});
const age = (index: number, from: number) =>
  event("age", {
    face: index,
    ...times(1_100, from, from + 20),
    analysis: { answers: [] },
  });
const jobOf = (...events: ResultEvent[]): JobState => events.reduce(reduceJob, emptyJob(jobId));

const STAGES = ["extract", "quality", "embed", "age", "match"];
const rowsOfFace = (job: JobState | undefined, face: number, nowMs: number) =>
  rowsOf(job, STAGES, face, nowMs);

describe("the waterfall", () => {
  it("keeps a row for every stage before anything is known", () => {
    const rows = rowsOfFace(undefined, 0, 0);
    // What extract answers along with its own takes no time of its own.
    expect(rows.map(({ stage }) => stage)).toEqual(["extract", "embed", "age", "match"]);
    expect(rows.every(({ state, wait, work }) => state === "queued" && !wait && !work)).toBe(true);
  });

  it("lets what waits grow until now, from where its source ended", () => {
    const rows = rowsOfFace(jobOf(accepted, extract), 0, 1_150);
    expect(rows.map(({ stage }) => stage)).toEqual(["extract", "embed", "age", "match"]);
    expect(rows[0]).toMatchObject({ state: "done", wait: [10, 20], work: [20, 100] });
    expect(rows[1]).toMatchObject({ state: "pending", wait: [100, 150] });
    // match waits for embed, which has not answered: it is not even queued.
    expect(rows[3]).toMatchObject({ state: "queued" });
    expect(rows[3]!.wait).toBeUndefined();
  });

  it("snaps to measured times, and shows the other faces' work apart", () => {
    const [, , row] = rowsOfFace(jobOf(accepted, extract, age(0, 1_110), age(1, 1_140)), 0, 9_999);
    expect(row).toMatchObject({ state: "done", wait: [100, 110], work: [110, 130], others: [[140, 160]] });
  });

  it("never goes before the photo or backwards, whatever the clocks say", () => {
    const [row] = rowsOfFace(jobOf(accepted, { ...extract, ...times(900, 950, 940) }), 0, 0);
    expect(row).toMatchObject({ wait: [0, 0], work: [0, 0] });
  });

  it("has two headline times: the first box, and everything once it is complete", () => {
    expect(headlinesOf(jobOf(accepted))).toEqual({});
    expect(headlinesOf(jobOf(accepted, extract))).toEqual({ firstBoxMs: 100 });
    const only = {
      ...accepted,
      accepted: { ...accepted.accepted!, stages: ["extract", "age"] },
    };
    const complete = jobOf(only, extract, age(0, 1_110), age(1, 1_140));
    expect(headlinesOf(complete)).toEqual({ firstBoxMs: 100, allMs: 160 });
    expect(lastMs(rowsOf(complete, ["extract", "age"], 0, 0))).toBe(160);
  });

  it("grows its axis in steps", () => {
    expect([0, 51, 150, 160, 2_100].map(axisMsOf)).toEqual([50, 60, 150, 200, 3_000]);
    expect(marksOf(200)).toEqual([0, 50, 100, 150, 200]);
  });
});

describe("a snapshot", () => {
  it("becomes the same job when its results go through the reducer", () => {
    const failed = event("embed", {
      face: 1,
      failure: { code: "model_failed", message: "no", retryable: true },
    });
    const job = jobOf(accepted, extract, age(1, 1_140), failed);
    const { early: _, ...view } = job;
    const again = eventsOf(view).reduce(reduceJob, emptyJob(jobId));
    expect(again.faces).toEqual(job.faces);
    expect(again.state).toBe("running");
  });

  it("keeps a deletion", () => {
    const job = jobOf(accepted, event("deleted", { deleted: { deletedAtMs: 7 } }));
    const { early: _, ...view } = job;
    const again = eventsOf(view).reduce(reduceJob, emptyJob(jobId));
    expect(again).toMatchObject({ state: "deleted", deletedAtMs: 7 });
  });
});
