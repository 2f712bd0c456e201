import { describe, expect, it } from "vitest";
import { StageFailure, newJobId } from "@similarfaces/contracts";
import { answer, openGroups, saysOf } from "./groups.js";
import { until } from "./loop.js";

const groups = openGroups();

describe("a group that waits too long for one of its faces", () => {
  it("is split, and the others are answered by the time that half of what was left is over", async () => {
    const jobId = newJobId(Date.now());
    const followed: unknown[] = [];
    await groups.start(
      ({ face }, { signal }) =>
        face === 1
          ? new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => reject(new StageFailure("model_failed"))),
            )
          : Promise.resolve(answer(face)),
      {
        followUp: (answers, isSplit) => {
          followed.push([answers.map(({ work }) => work.face), isSplit]);
          return [];
        },
      },
    );
    const deadlineAtMs = Date.now() + 10_000;
    await groups.submit(jobId, [0, 1, 2], { deadlineAtMs });
    for (const face of [0, 2]) {
      const result = await groups.resultAt(jobId, 0, face);
      expect(saysOf(result)).toEqual([[face, `test@${face}`]]);
      expect(result.attempt).toBe(1);
    }
    expect(await groups.isWaiting()).toBe(true);
    // Called off at its deadline, and shed.
    await groups.ended();
    expect(Date.now()).toBeGreaterThanOrEqual(deadlineAtMs - 5);
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.2"]);
    expect(followed).toEqual([
      [[0], true],
      [[2], true],
    ]);
  });

  it("adds nothing where a redelivery has answered meanwhile", async () => {
    const jobId = newJobId(Date.now());
    const again: number[] = [];
    let begun = 0;
    const stalled = await groups.start(
      async ({ face }) => {
        begun++;
        return face === 1 ? new Promise<never>(() => {}) : answer(face);
      },
      {
        graceMs: 0,
        followUp: (answers) => {
          again.push(...answers.map(({ work }) => work.face));
          return [];
        },
      },
    );
    await groups.submit(jobId, [0, 1, 2], { deadlineAtMs: Date.now() + 10_000 });
    await until(async () => begun === 3);
    await stalled.drain();
    await groups.start(async ({ face }) => answer(face));
    for (const face of [0, 1, 2]) expect((await groups.resultAt(jobId, 0, face)).attempt).toBe(2);
    // Its patience is over: it has read what is stored, and published no more than what follows from that.
    await until(async () => again.length === 2);
    expect(again.sort()).toEqual([0, 2]);
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1", "0.2"]);
    for (const face of [0, 2]) expect((await groups.resultAt(jobId, 0, face)).attempt).toBe(2);
  });

  it("when it comes again, goes on with the next face", async () => {
    const jobId = newJobId(Date.now());
    await groups.submit(jobId, [0, 1], { deadlineAtMs: Date.now() + 10_000 });
    await groups.loseDelivery(1);
    await groups.start(({ face }, { signal }) =>
      face === 1
        ? Promise.resolve(answer(face))
        : new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(new StageFailure("model_failed"))),
          ),
    );
    expect(saysOf(await groups.resultAt(jobId, 0, 1))).toEqual([[1, "test@1"]]);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["0", "0.1"]);
  });
});

describe("two deliveries of a group at once", () => {
  it("end the message when all of its faces are answered, whoever dies then", async () => {
    const jobId = newJobId(Date.now());
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    await groups.ackWait(500);
    try {
      // Its process has stalled: it says nothing to the broker meanwhile, and has asked for no more.
      await groups.start(
        async ({ face }) => {
          begun++;
          await held;
          return answer(face);
        },
        { ackWaitMs: 600_000, graceMs: 0, concurrency: 1 },
      );
      await groups.submit(jobId, [0, 1, 2]);
      await until(async () => begun === 1);
      let isAtSecond = false;
      const later = await groups.start(
        async ({ face }) => {
          if (face === 0) return answer(face);
          isAtSecond = true;
          return new Promise<never>(() => {});
        },
        { ackWaitMs: 500, graceMs: 0 },
      );
      expect((await groups.resultAt(jobId, 0, 0)).attempt).toBe(2);
      await until(async () => isAtSecond);
      release();
      for (const face of [1, 2]) expect((await groups.resultAt(jobId, 0, face)).attempt).toBe(1);
      await groups.ended();
      await later.drain();
      expect(await groups.placesOf(jobId)).toEqual(["0", "0.0", "0.1", "0.2"]);
    } finally {
      await groups.ackWait(10_000);
    }
  });
});
