import { describe, expect, it } from "vitest";
import { StageFailure, newJobId } from "@similarfaces/contracts";
import { ATTEMPTS_MAX } from "../src/stage/retry.js";
import { answer, metricsOfStage, openGroups, resultOf, saysOf } from "./groups.js";
import { until } from "./loop.js";

const groups = openGroups();

const SPLIT = [[0, "split"]];

describe("a group that comes again", () => {
  it("for a face that may not fail again is split, and answered face by face", async () => {
    const jobId = newJobId(Date.now());
    const abandoned: (number | undefined)[] = [];
    await groups.start(
      async ({ face }, { attempt }) => {
        if (face === 1 && attempt === 1) throw new StageFailure("model_failed");
        return answer(face);
      },
      { abandon: async (_job, face) => void abandoned.push(face) },
    );
    await groups.submit(jobId, [0, 1, 2]);
    for (const face of [0, 1, 2]) {
      const result = await groups.resultAt(jobId, 0, face);
      expect(saysOf(result)).toEqual([[face, `test@${face}`]]);
      expect(result.attempt).toBe(2);
    }
    expect(saysOf(await groups.resultAt(jobId, 0))).toEqual(SPLIT);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1", "0.2"]);
    expect(abandoned).toEqual([]);
  });

  it("has its faces handled one after the other, from the last at odd deliveries; one that shall come again keeps none waiting", async () => {
    const jobId = newJobId(Date.now());
    const calls: string[] = [];
    const followed: unknown[] = [];
    let underWay = 0;
    await groups.start(
      async ({ face }, { attempt }) => {
        calls.push(`${attempt}:${face}`);
        if (attempt > 1) expect(++underWay).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (attempt > 1) underWay--;
        if ((face > 0 && attempt < 3) || (face === 2 && attempt === 3))
          throw new StageFailure("model_failed");
        return answer(face);
      },
      {
        followUp: (answers, isSplit) => {
          followed.push([answers.map(({ work }) => work.face), isSplit]);
          return [];
        },
      },
    );
    await groups.submit(jobId, [0, 1, 2]);
    expect((await groups.resultAt(jobId, 0, 2)).attempt).toBe(4);
    await groups.ended();
    expect((await groups.resultAt(jobId, 0, 0)).attempt).toBe(2);
    expect((await groups.resultAt(jobId, 0, 1)).attempt).toBe(3);
    expect(calls.slice(3)).toEqual(["2:0", "2:1", "2:2", "3:2", "3:1", "4:2"]);
    // What follows from an answer of an earlier delivery may not have been stored then: it is published again.
    expect(followed.slice(0, 1)).toEqual([[[0], true]]);
    expect(followed.slice(1)).toEqual([
      [[1], true],
      [[0], true],
      [[0], true],
      [[1], true],
      [[2], true],
    ]);
  });

  it("for a face that ends its process every time has the others answered, and fails that one alone", async () => {
    const jobId = newJobId(Date.now());
    const called = new Set<number>();
    await groups.submit(jobId, [0, 1, 2, 3]);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const process = await groups.start(
        async ({ face }, call) => {
          if (face !== 1) return answer(face);
          called.add(call.attempt);
          return new Promise<never>(() => {});
        },
        { graceMs: 0 },
      );
      await until(async () => called.has(attempt));
      await process.drain();
    }
    let calls = 0;
    const abandoned: (number | undefined)[] = [];
    await groups.start(async ({ face }) => (calls++, answer(face)), {
      abandon: async (_job, face) => void abandoned.push(face),
    });
    expect(saysOf(await groups.resultAt(jobId, 0, 1))).toEqual([[1, "attempts_exhausted"]]);
    const attempts = await Promise.all(
      [0, 2, 3].map(async (face) => (await groups.resultAt(jobId, 0, face)).attempt),
    );
    expect(attempts).toEqual([2, 3, 3]);
    await groups.ended();
    await until(async () => abandoned.length > 0);
    expect(abandoned).toEqual([1]);
    expect(calls).toBe(0);
  });

  it("past its attempts fails every face that has no result, without calling the handler", async () => {
    const jobId = newJobId(Date.now());
    await groups.submit(jobId, [0, 1]);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) await groups.loseDelivery(attempt);
    let calls = 0;
    await groups.start(async ({ face }) => (calls++, answer(face)));
    for (const face of [0, 1])
      expect(saysOf(await groups.resultAt(jobId, 0, face))).toEqual([[face, "attempts_exhausted"]]);
    await groups.ended();
    expect(calls).toBe(0);
  });

  it("adds nothing to an answer that was stored before; what follows from that is published again", async () => {
    const jobId = newJobId(Date.now());
    await groups.submit(jobId, [0, 1, 2]);
    await groups.loseDelivery(1);
    await groups.publishAt({ group: 0 }, resultOf(jobId, [0, 1, 2]));
    let calls = 0;
    const followed: unknown[] = [];
    await groups.start(async ({ face }) => (calls++, answer(face)), {
      followUp: (answers, isSplit) => {
        followed.push([answers.map(({ work, model }) => [work.face, model]), isSplit]);
        return [];
      },
    });
    await groups.ended();
    expect(calls).toBe(0);
    expect(await groups.placesOf(jobId)).toEqual(["0"]);
    const answers = [0, 1, 2].map((face) => [face, `test@${face}`]);
    expect(followed).toEqual([[answers, false]]);
  });

  it("goes on where replicas of before there were groups answered, each face under itself", async () => {
    const jobId = newJobId(Date.now());
    await groups.submit(jobId, [0, 1, 2]);
    await groups.loseDelivery(1);
    for (const face of [0, 1]) await groups.publishAt({ group: face }, resultOf(jobId, [face]));
    await groups.start(async ({ face }) => answer(face));
    await groups.resultAt(jobId, 0, 2);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.2", "1"]);
  });

  it("refuses the late answer of a process that stalled over the first delivery", async () => {
    const jobId = newJobId(Date.now());
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    let stored = 0;
    const stalled = await groups.start(
      async ({ face }) => {
        begun++;
        await held;
        return { ...answer(face), beforeAck: async () => void stored++ };
      },
      { graceMs: 0 },
    );
    await groups.submit(jobId, [0, 1, 2]);
    await until(async () => begun === 3);
    await stalled.drain();
    await groups.start(async ({ face }) => answer(face));
    for (const face of [0, 1, 2]) expect((await groups.resultAt(jobId, 0, face)).attempt).toBe(2);
    release();
    // It has published, and was refused.
    await until(async () => stored === 3);
    expect(saysOf(await groups.resultAt(jobId, 0))).toEqual(SPLIT);
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1", "0.2"]);
  });

  it("is shed past its deadline, unsplit", async () => {
    const jobId = newJobId(Date.now());
    await groups.submit(jobId, [0, 1], { deadlineAtMs: Date.now() - 1 });
    await groups.loseDelivery(1);
    await groups.start(async ({ face }) => answer(face));
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual([]);
  });
});

describe("a face of a split group in a message of its own", () => {
  it("takes the group's subject at its first delivery: whoever answers about the whole group then answers about each face that is left", async () => {
    const jobId = newJobId(Date.now());
    await groups.start(async ({ face }) => answer(face));
    await groups.submit(jobId, [1], { group: 0, isSplit: true });
    expect(saysOf(await groups.resultAt(jobId, 0, 1))).toEqual([[1, "test@1"]]);
    expect(saysOf(await groups.resultAt(jobId, 0))).toEqual(SPLIT);
    await groups.submit(jobId, [0, 1, 2]);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1", "0.2"]);
    for (const face of [0, 1, 2])
      expect(saysOf(await groups.resultAt(jobId, 0, face))).toEqual([[face, `test@${face}`]]);
  });

  it("leaves none unanswered of a group that has but one more, nor counts one twice", async () => {
    const jobId = newJobId(Date.now());
    const metrics = metricsOfStage();
    await groups.start(async ({ face }) => answer(face), { metrics });
    await groups.submit(jobId, [1], { group: 0, isSplit: true });
    await groups.resultAt(jobId, 0, 1);
    await groups.submit(jobId, [0]);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1"]);
    expect(saysOf(await groups.resultAt(jobId, 0, 0))).toEqual([[0, "test@0"]]);
    const { body } = await metrics.scrape(undefined);
    expect(body.match(/stage_total_seconds_count.*/)![0]).toBe('stage_total_seconds_count{stage="embed"} 2');
  });

  it("adds nothing where the group has been answered, but for a face that was not among its answers", async () => {
    const jobId = newJobId(Date.now());
    await groups.start(async ({ face }) => answer(face));
    await groups.submit(jobId, [0, 2]);
    await groups.resultAt(jobId, 0);
    await groups.submit(jobId, [2], { group: 0, isSplit: true });
    await groups.submit(jobId, [1], { group: 0, isSplit: true });
    expect(saysOf(await groups.resultAt(jobId, 0, 1))).toEqual([[1, "test@1"]]);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.1"]);
    expect((await groups.resultAt(jobId, 0)).others).toHaveLength(1);
  });
});
