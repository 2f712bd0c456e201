import { describe, expect, it } from "vitest";
import { RequestBody } from "../../src/http/requestBody.js";
import { LIMITS } from "./drivers.js";

const BUDGET = { freeBytes: LIMITS.bodiesBytesMax, reserve: () => true, release: () => {} };
const ENDS = { over: () => {}, spent: () => {}, gone: () => {} };

describe("a body that stalls", () => {
  it("is refused a window after its last byte, however fast it came before", async () => {
    const body = new RequestBody(LIMITS.bodyBytesMax, LIMITS, BUDGET, ENDS);
    const whole = body.whole();
    body.receive(Buffer.alloc(LIMITS.bodyBytesMax / 2), false);
    body.checkPace(performance.now() + LIMITS.bodyWindowMs);
    await expect(Promise.race([whole, Promise.resolve("waited for")])).rejects.toMatchObject({
      code: "body_too_slow",
    });
  });
});
