import { emptyJob, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import { timeAxisOf } from "../src/analyse/timeAxis";
import { headlinesOf, lastMs, pathOf, rowsOf } from "../src/analyse/waterfall";
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
const rowsOfFace = (job: JobState | undefined, face: number) => rowsOf(job, STAGES, face);

describe("the waterfall", () => {
  it("keeps a row for every stage before anything is known", () => {
    const rows = rowsOfFace(undefined, 0);
    // What extract answers along with its own takes no time of its own.
    expect(rows.map(({ stage }) => stage)).toEqual(["extract", "embed", "age", "match"]);
    expect(rows.every(({ state, wait, work }) => state === "queued" && !wait && !work)).toBe(true);
  });

  it("lets what waits grow until now, from where its source ended", () => {
    const rows = rowsOfFace(jobOf(accepted, extract), 0);
    expect(rows.map(({ stage }) => stage)).toEqual(["extract", "embed", "age", "match"]);
    expect(rows[0]).toMatchObject({ state: "done", wait: [10, 20], work: [20, 100] });
    expect(rows[1]).toMatchObject({ state: "pending", waitsSinceMs: 100 });
    // match waits for embed, which has not answered: it is not even queued.
    expect(rows[3]).toMatchObject({ state: "queued" });
    expect(rows[3]!.waitsSinceMs).toBeUndefined();
    expect(lastMs(rows, 150)).toBe(150);
  });

  it("snaps to measured times, and shows the other faces' work apart", () => {
    const [, , row] = rowsOfFace(jobOf(accepted, extract, age(0, 1_110), age(1, 1_140)), 0);
    expect(row).toMatchObject({ state: "done", wait: [100, 110], work: [110, 130], others: [[140, 160]] });
  });

  it("never goes before the photo or backwards, whatever the clocks say", () => {
    const [row] = rowsOfFace(jobOf(accepted, { ...extract, ...times(900, 950, 940) }), 0);
    expect(row).toMatchObject({ wait: [0, 0], work: [0, 0] });
  });

  it("draws all the other faces as one path", () => {
    const [row] = rowsOf(jobOf(accepted, extract, age(0, 1_110), age(1, 1_140)), ["age"], 7);
    expect(pathOf(row!.others, 9)).toBe("M110 9H130M140 9H160");
  });

  const only = { ...accepted, accepted: { ...accepted.accepted!, stages: ["extract", "age"] } };
  const complete = jobOf(only, extract, age(0, 1_110), age(1, 1_140));

  it("tells who opens a link the models' own time, once all is there", () => {
    expect(headlinesOf(undefined, undefined)).toEqual({});
    expect(headlinesOf(jobOf(accepted), undefined)).toEqual({});
    expect(headlinesOf(jobOf(accepted, extract), undefined)).toEqual({ firstBoxMs: 100 });
    expect(headlinesOf(complete, undefined)).toEqual({ firstBoxMs: 100, modelsMs: 160 });
    expect(lastMs(rowsOf(complete, ["extract", "age"], 0), 0)).toBe(160);
  });

  it("tells who gave the photo what they waited, by the page's own clock, and the models' time beside it", () => {
    const given = (received: { boxesAtMs?: number; lastAtMs?: number }) => ({ givenAtMs: 50_000, received });
    expect(headlinesOf(jobOf(accepted), given({ lastAtMs: 50_020 }))).toEqual({});
    const boxes = { boxesAtMs: 50_300, lastAtMs: 50_300 };
    expect(headlinesOf(jobOf(accepted, extract), given(boxes))).toEqual({ firstBoxMs: 300 });
    const received = { boxesAtMs: 50_300, lastAtMs: 50_710 };
    expect(headlinesOf(complete, given(received))).toEqual({ firstBoxMs: 300, allMs: 710, modelsMs: 160 });
  });
});

describe("the axis of time", () => {
  const textsOf = (ms: number, partsMax = 4) => timeAxisOf(ms, partsMax).marks.map(({ text }) => text);

  it("has round marks in one unit, as many as there is room for", () => {
    expect(textsOf(0)).toEqual(["0 ms", "20 ms", "40 ms", "60 ms"]);
    expect(textsOf(160)).toEqual(["0 ms", "50 ms", "100 ms", "150 ms", "200 ms"]);
    expect(textsOf(900)).toEqual(["0 s", "0.5 s", "1.0 s"]);
    expect(textsOf(2_100)).toEqual(["0 s", "1 s", "2 s", "3 s"]);
    expect(textsOf(2_100, 10)).toEqual(["0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s", "2.5 s"]);
    expect(textsOf(90_000)).toEqual(["0 s", "50 s", "100 s"]);
    expect(textsOf(150_000)).toEqual(["0 min", "1 min", "2 min", "3 min"]);
    expect(textsOf(150_000, 10)).toEqual(["0 min", "0.5 min", "1.0 min", "1.5 min", "2.0 min", "2.5 min"]);
  });

  it("is no shorter than what it shows, and grows a part at a time", () => {
    for (let ms = 1; ms < 200_000; ms += Math.ceil(ms / 7)) {
      for (const partsMax of [2, 4, 10]) {
        const { endMs, marks } = timeAxisOf(ms, partsMax);
        expect(endMs).toBeGreaterThanOrEqual(ms);
        expect(marks.length - 1).toBeGreaterThanOrEqual(2);
        expect(marks.length - 1).toBeLessThanOrEqual(partsMax);
        expect(new Set(marks.map(({ text }) => text.split(" ")[1])).size).toBe(1);
        expect(marks.at(-1)!.atMs).toBe(endMs);
      }
    }
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
