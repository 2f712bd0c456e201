import type { ResultEvent } from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { StageClock } from "../src/system/stageTimes.js";

const answer = (waitMs: number, computeMs: number): ResultEvent => ({
  jobId: "job",
  stage: "age",
  model: "m@1",
  attempt: 1,
  timings: { queuedAtMs: 1_000, startedAtMs: 1_000 + waitMs, finishedAtMs: 1_000 + waitMs + computeMs },
});

it("gives the medians of the last minute", () => {
  const clock = new StageClock();
  clock.record(answer(1_000, 1_000), 0);
  for (const waitMs of [10, 20, 90]) clock.record(answer(waitMs, 2 * waitMs), 61_000);
  expect(clock.timesOf("age", 61_000)).toEqual({
    stage: "age",
    answers: 3,
    waitMs: 20,
    computeMs: 40,
    models: ["m@1"],
  });
});

it("says that there were no answers, rather than that they took no time", () => {
  expect(new StageClock().timesOf("age", 0)).toEqual({
    stage: "age",
    answers: 0,
    waitMs: null,
    computeMs: null,
    models: [],
  });
});

it("remembers a bounded number", () => {
  const clock = new StageClock();
  for (let i = 0; i < 10_000; i++) clock.record(answer(i, i), 0);
  expect(clock.timesOf("age", 0).answers).toBe(512);
});
