import { StageFailure } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { decide, decideOnError } from "../src/stage/decision.js";
import { ATTEMPTS_MAX } from "../src/stage/retry.js";

const WORK = { jobId: "job", deadlineAtMs: 10_000, stages: ["age"] };
const FIRST = { stage: "age", attempt: 1, nowMs: 5_000 } as const;

describe("what is to be done with work", () => {
  it("is to handle it until its deadline, as often as is allowed", () => {
    expect(decide(WORK, FIRST)).toEqual({ do: "handle" });
    expect(decide(WORK, { ...FIRST, attempt: ATTEMPTS_MAX, nowMs: 10_000 })).toEqual({ do: "handle" });
    expect(decide({ jobId: "job", deadlineAtMs: 10_000 }, FIRST)).toEqual({ do: "handle" });
  });

  it("is to pass over what its job did not ask for, before all else", () => {
    expect(decide(WORK, { ...FIRST, stage: "race", attempt: 99, nowMs: 99_999 })).toEqual({ do: "skip" });
  });

  it("is to shed it past its deadline, and to fail it past its attempts", () => {
    expect(decide(WORK, { ...FIRST, nowMs: 10_001 })).toEqual({ do: "shed" });
    expect(decide(WORK, { ...FIRST, attempt: ATTEMPTS_MAX + 1 })).toMatchObject({
      do: "fail",
      failure: { code: "attempts_exhausted" },
    });
  });
});

describe("what is to be done when a handler has thrown", () => {
  const retryable = new StageFailure("model_failed");
  const state = { stopping: false, attempt: 1, leftMs: 50_000 };

  it("is to try again where that may help", () => {
    expect(decideOnError(retryable, state)).toMatchObject({ do: "retry", failure: retryable });
    expect(decideOnError(new Error("a bug"), state)).toMatchObject({
      do: "retry",
      failure: { code: "internal" },
    });
  });

  it("is to fail where it does not help, or there is neither an attempt nor time left", () => {
    const hopeless = new StageFailure("undecodable_image");
    expect(decideOnError(hopeless, state)).toEqual({ do: "fail", failure: hopeless });
    expect(decideOnError(retryable, { ...state, attempt: ATTEMPTS_MAX })).toMatchObject({ do: "fail" });
    expect(decideOnError(retryable, { ...state, leftMs: 400 })).toMatchObject({ do: "fail" });
  });

  it("is to shed it past its deadline, and to hand it back where the process stops", () => {
    expect(decideOnError(retryable, { ...state, leftMs: 0 })).toEqual({ do: "shed" });
    expect(decideOnError(retryable, { ...state, stopping: true, leftMs: 0 })).toEqual({ do: "handBack" });
  });
});
