import { FAILURES, StageFailure, type FailureCode } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { TooManyAttempts } from "../src/access/wrongKeys.js";
import { STATUS, replyOfFailure } from "../src/requests/failures.js";

describe("failures as answers", () => {
  it("have a status for every code, and no other", () => {
    expect(Object.keys(STATUS).sort()).toEqual(Object.keys(FAILURES).sort());
    for (const status of Object.values(STATUS)) expect(status).toBeGreaterThanOrEqual(400);
  });

  it.each(Object.keys(FAILURES) as FailureCode[])("%s says code, message and whether to retry", (code) => {
    const { status, body } = replyOfFailure(new StageFailure(code));
    expect(status).toBe(STATUS[code]);
    expect(JSON.parse(String(body))).toEqual({
      failure: { code, message: FAILURES[code].help, retryable: FAILURES[code].retryable },
    });
  });

  it("say when to come back where that helps", () => {
    expect(replyOfFailure(new StageFailure("overloaded")).headers["retry-after"]).toBe("5");
    expect(replyOfFailure(new TooManyAttempts(1_200)).headers["retry-after"]).toBe("2");
    expect(replyOfFailure(new StageFailure("bad_request")).headers["retry-after"]).toBeUndefined();
  });

  it("of our own making tell nothing of the inside", () => {
    const { status, body } = replyOfFailure(new TypeError("secret of the inside"));
    expect(status).toBe(500);
    expect(body).not.toContain("secret");
  });
});
