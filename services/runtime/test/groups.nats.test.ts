import { describe, expect, it } from "vitest";
import { StageFailure, newJobId } from "@similarfaces/contracts";
import { answer, openGroups, saysOf } from "./groups.js";
import { until } from "./loop.js";

const groups = openGroups();

describe("the first delivery of a group", () => {
  it("is handled face by face at once, answered in one result when all have ended, and acknowledged", async () => {
    const jobId = newJobId(Date.now());
    const priorities: number[] = [];
    const begun = new Set<number>();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await groups.start(async ({ face }, { priority }) => {
      priorities.push(priority);
      begun.add(face);
      if (face === 5) await held;
      return answer(face);
    });
    await groups.submit(jobId, [4, 5, 7]);
    await until(async () => begun.size === 3);
    expect(await groups.placesOf(jobId)).toEqual([]);
    release();
    const result = await groups.resultAt(jobId, 4);
    expect(saysOf(result)).toEqual([
      [4, "test@4"],
      [5, "test@5"],
      [7, "test@7"],
    ]);
    for (const each of [result, ...result.others]) {
      expect(each).toMatchObject({ jobId, stage: "embed", attempt: 1 });
      expect(each.timings!.finishedAtMs).toBeGreaterThanOrEqual(each.timings!.startedAtMs);
    }
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["4"]);
    // Jobs finish in turn: a later face waits for other jobs' earlier ones.
    expect(priorities.map((priority) => priority - priorities[0]!)).toEqual([0, 50, 150]);
  });

  it.each([1, 2])("takes room per face, however little there is: %i", async (concurrency) => {
    let atOnce = 0;
    let atOnceMax = 0;
    await groups.start(
      async ({ face }) => {
        atOnceMax = Math.max(atOnceMax, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 30));
        atOnce--;
        return answer(face);
      },
      { concurrency },
    );
    const jobs = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    for (const job of jobs) await groups.submit(job, [0, 1, 2]);
    for (const job of jobs) expect((await groups.resultAt(job, 0)).others).toHaveLength(2);
    expect(atOnceMax).toBe(concurrency);
  });

  it("has a failure for good among its answers, and does not come again", async () => {
    const jobId = newJobId(Date.now());
    const attempts: number[] = [];
    const abandoned: (number | undefined)[] = [];
    await groups.start(
      async ({ face }, { attempt }) => {
        attempts.push(attempt);
        if (face === 0) throw new StageFailure("undecodable_image");
        return answer(face);
      },
      { abandon: async (_job, face) => void abandoned.push(face) },
    );
    await groups.submit(jobId, [0, 1, 2]);
    expect(saysOf(await groups.resultAt(jobId, 0))).toEqual([
      [0, "undecodable_image"],
      [1, "test@1"],
      [2, "test@2"],
    ]);
    await groups.ended();
    await until(async () => abandoned.length > 0);
    expect(attempts).toEqual([1, 1, 1]);
    expect(abandoned).toEqual([0]);
  });

  it("leads to later work once, by the answers that there are", async () => {
    const jobId = newJobId(Date.now());
    const followed: unknown[] = [];
    await groups.start(
      async ({ face }) => {
        if (face === 1) throw new StageFailure("undecodable_image");
        return answer(face);
      },
      {
        followUp: (answers, isSplit) => {
          followed.push([answers.map(({ work, model }) => [work.face, model]), isSplit]);
          return [];
        },
      },
    );
    await groups.submit(jobId, [0, 1, 2]);
    await groups.ended();
    const answers = [
      [0, "test@0"],
      [2, "test@2"],
    ];
    expect(followed).toEqual([[answers, false]]);
  });

  it("is passed over where its job did not ask for the stage, and shed past its deadline", async () => {
    const [other, late] = [newJobId(Date.now()), newJobId(Date.now() + 1)];
    let calls = 0;
    await groups.start(async ({ face }) => (calls++, answer(face)));
    await groups.submit(other, [0, 1], { stages: ["age"] });
    await groups.submit(late, [0, 1], { deadlineAtMs: Date.now() - 1 });
    await groups.ended();
    expect(calls).toBe(0);
    for (const job of [other, late]) expect(await groups.placesOf(job)).toEqual([]);
  });

  it("is malformed where a face is of another job than its subject", async () => {
    const jobId = newJobId(Date.now());
    let calls = 0;
    await groups.start(async ({ face }) => (calls++, answer(face)));
    await groups.submit(jobId, [0, 1], { jobId: newJobId(Date.now() + 1) });
    expect(saysOf(await groups.resultAt(jobId, 0))).toEqual([[0, "malformed_message"]]);
    await groups.ended();
    expect(calls).toBe(0);
  });
});

describe("a face that travels alone", () => {
  it("is answered under its own index, whichever delivery it is", async () => {
    const jobId = newJobId(Date.now());
    await groups.start(async ({ face }, { attempt }) => {
      if (attempt < 3) throw new StageFailure("model_failed");
      return answer(face);
    });
    await groups.submit(jobId, [2]);
    expect((await groups.resultAt(jobId, 2)).attempt).toBe(3);
    await groups.ended();
    expect(await groups.placesOf(jobId)).toEqual(["2"]);
  });

  it("of a group whose others could not be embedded is answered under the group", async () => {
    const jobId = newJobId(Date.now());
    await groups.start(async ({ face }) => answer(face));
    await groups.submit(jobId, [6], { group: 4 });
    expect(saysOf(await groups.resultAt(jobId, 4))).toEqual([[6, "test@6"]]);
  });
});
