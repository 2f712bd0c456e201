import { expect, it } from "vitest";
import { StagePace } from "../../src/admission/stagePace.js";

/** Samples four times a second; `ended` and `arrived` are messages of each quarter. */
function samplesOf(pace: StagePace) {
  let [atMs, sequence, pending] = [0, 0, 0];
  const sample = (ackPending = 0) =>
    pace.record({ atMs, sequence, deliveries: sequence, pending, ackPending });
  sample();
  return (quarters: number, { ended, arrived }: { ended: number; arrived: number }) => {
    for (let i = 0; i < quarters; i++) {
      atMs += 250;
      const done = Math.min(ended, pending + arrived);
      pending += arrived - done;
      sequence += done;
      sample();
    }
  };
}

it("what an idle stage ends is what came, and teaches nothing", () => {
  const pace = new StagePace();
  samplesOf(pace)(100, { ended: 50, arrived: 2 });
  expect(pace.perSecond).toBeUndefined();
});

it("a busy stage's pace is known in half a second and followed within seconds", () => {
  const pace = new StagePace();
  const go = samplesOf(pace);
  go(3, { ended: 5, arrived: 100 });
  expect(pace.perSecond).toBeCloseTo(20);
  go(60, { ended: 2, arrived: 2 });
  expect(pace.perSecond).toBeLessThan(9);
});

it("an idle stage that ends more than was thought possible can do that", () => {
  const pace = new StagePace(8);
  const go = samplesOf(pace);
  go(40, { ended: 100, arrived: 1 });
  expect(pace.perSecond).toBeCloseTo(8);
  go(40, { ended: 100, arrived: 25 });
  expect(pace.perSecond).toBeGreaterThan(80);
});

it("silence is counted, and makes nothing slower than it was before it ends", () => {
  const pace = new StagePace();
  const go = samplesOf(pace);
  go(20, { ended: 3, arrived: 30 });
  go(40, { ended: 0, arrived: 0 });
  expect(pace.perSecond).toBeCloseTo(12);
  expect(pace.silentMs).toBe(10_000);
  go(1, { ended: 3, arrived: 0 });
  expect(pace.silentMs).toBe(0);
  go(20, { ended: 3, arrived: 3 });
  expect(pace.perSecond).toBeGreaterThan(9);
});

it("a repetition is no end, nor is what is taken to be worked on", () => {
  const pace = new StagePace();
  const sample = { pending: 50, ackPending: 4, sequence: 10, deliveries: 10 };
  pace.record({ atMs: 0, ...sample });
  pace.record({ atMs: 1_000, ...sample, deliveries: 14 });
  expect([pace.endedNow, pace.silentMs]).toEqual([0, 1_000]);
  pace.record({ atMs: 2_000, ...sample, pending: 46, ackPending: 8, sequence: 14, deliveries: 18 });
  expect([pace.endedNow, pace.arrivedNow]).toEqual([0, 0]);
});

it("a consumer that is made anew begins anew", () => {
  const pace = new StagePace();
  samplesOf(pace)(20, { ended: 3, arrived: 30 });
  pace.record({ atMs: 10_000, pending: 5, ackPending: 0, sequence: 1, deliveries: 1 });
  expect(pace.endedNow).toBe(0);
  expect(pace.perSecond).toBeCloseTo(12);
});

it("a fast pace is forgotten when it was not measured for two minutes, a slow one is kept", () => {
  const [fast, slow] = [new StagePace(8), new StagePace(8)];
  const [goFast, goSlow] = [samplesOf(fast), samplesOf(slow)];
  goFast(40, { ended: 50, arrived: 50 });
  goFast(1, { ended: 50, arrived: 400 });
  goFast(8, { ended: 50, arrived: 0 });
  goSlow(40, { ended: 1, arrived: 2 });
  goSlow(60, { ended: 1, arrived: 0 });
  expect(fast.perSecond).toBeGreaterThan(100);
  const slowly = slow.perSecond;
  expect(slowly).toBeLessThan(8);
  goFast(500, { ended: 0, arrived: 0 });
  goSlow(500, { ended: 0, arrived: 0 });
  expect(fast.perSecond).toBeCloseTo(8);
  expect(slow.perSecond).toBe(slowly);
});
