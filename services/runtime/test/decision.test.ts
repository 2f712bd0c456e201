import { StageFailure } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import {
  HANDED_BACK,
  SHED,
  SKIPPED,
  decide,
  decideOnError,
  endingOf,
  isAskedFor,
  readPieces,
  type PieceEnd,
} from "../src/stage/decision.js";
import { ATTEMPTS_MAX } from "../src/stage/retry.js";
import type { Stage } from "../src/stage/stage.js";

const WORK = { jobId: "job", deadlineAtMs: 10_000, stages: ["age"] };
const FIRST = { attempt: 1, nowMs: 5_000 };

describe("what is to be done with work", () => {
  it("is to handle it until its deadline, as often as is allowed", () => {
    expect(decide(WORK, FIRST)).toEqual({ do: "handle" });
    expect(decide(WORK, { attempt: ATTEMPTS_MAX, nowMs: 10_000 })).toEqual({ do: "handle" });
  });

  it("is to pass over what its job did not ask for", () => {
    expect(isAskedFor(WORK, "race")).toBe(false);
    expect(isAskedFor(WORK, "age")).toBe(true);
    expect(isAskedFor({ jobId: "job", deadlineAtMs: 10_000 }, "race")).toBe(true);
  });

  it("is to shed it past its deadline, and to fail it past its attempts", () => {
    expect(decide(WORK, { attempt: ATTEMPTS_MAX + 1, nowMs: 10_001 })).toEqual({ do: "shed" });
    expect(decide(WORK, { ...FIRST, attempt: ATTEMPTS_MAX + 1 })).toMatchObject({
      do: "fail",
      failure: { code: "attempts_exhausted" },
    });
  });

  it("is a failure where a message cannot be read, or is of another job than its subject", () => {
    const stage = { name: "age", decode: () => [WORK] } as unknown as Stage;
    expect(readPieces(stage, "job", new Uint8Array())).toEqual([WORK]);
    expect(readPieces(stage, "other", new Uint8Array())).toMatchObject({ code: "malformed_message" });
    stage.decode = () => {
      throw new RangeError("no such message");
    };
    expect(readPieces(stage, "job", new Uint8Array())).toMatchObject({ code: "malformed_message" });
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

describe("a message whose pieces have all ended", () => {
  const done: PieceEnd = { outcome: "done" };
  const failed: PieceEnd = { outcome: "failed", abandoned: true };

  it("is acknowledged where all are answered or passed over", () => {
    expect(endingOf([done, SKIPPED, { outcome: "duplicate" }])).toEqual({ do: "ack" });
    expect(endingOf([])).toEqual({ do: "ack" });
  });

  it("is terminated where some ended without an answer", () => {
    expect(endingOf([done, failed])).toEqual({ do: "term" });
    expect(endingOf([SHED, SHED])).toEqual({ do: "term" });
  });

  it("comes again where some shall, with the shortest of their pauses", () => {
    const retried = (retryInMs: number): PieceEnd => ({ outcome: "retried", retryInMs });
    expect(endingOf([done, retried(300), failed, retried(200)])).toEqual({ do: "nak", delayMs: 200 });
    expect(endingOf([retried(300), HANDED_BACK])).toEqual({ do: "nak", delayMs: 0 });
  });
});
