import { expect, it } from "vitest";
import { StagePace } from "../../src/admission/stagePace.js";

/** Looks four times a second; `ended` and `arrived` are messages of each quarter. */
function looksAt(pace: StagePace) {
  let [atMs, sequence, pending] = [0, 0, 0];
  const look = (ackPending = 0) => pace.look({ atMs, sequence, deliveries: sequence, pending, ackPending });
  look();
  return (quarters: number, { ended, arrived }: { ended: number; arrived: number }) => {
    for (let i = 0; i < quarters; i++) {
      atMs += 250;
      const done = Math.min(ended, pending + arrived);
      pending += arrived - done;
      sequence += done;
      look();
    }
  };
}

it("what an idle stage ends is what came, and teaches nothing", () => {
  const pace = new StagePace();
  looksAt(pace)(100, { ended: 50, arrived: 2 });
  expect(pace.perSecond).toBeUndefined();
});

it("a busy stage's pace is known in half a second and followed within seconds", () => {
  const pace = new StagePace();
  const go = looksAt(pace);
  go(3, { ended: 5, arrived: 100 });
  expect(pace.perSecond).toBeCloseTo(20);
  go(60, { ended: 2, arrived: 2 });
  expect(pace.perSecond).toBeLessThan(9);
});

it("an idle stage that ends more than was thought possible can do that", () => {
  const pace = new StagePace(8);
  const go = looksAt(pace);
  go(40, { ended: 100, arrived: 1 });
  expect(pace.perSecond).toBeCloseTo(8);
  go(40, { ended: 100, arrived: 25 });
  expect(pace.perSecond).toBeGreaterThan(80);
});

it("silence is counted, and makes nothing slower than it was before it ends", () => {
  const pace = new StagePace();
  const go = looksAt(pace);
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
  const look = { pending: 50, ackPending: 4, sequence: 10, deliveries: 10 };
  pace.look({ atMs: 0, ...look });
  pace.look({ atMs: 1_000, ...look, deliveries: 14 });
  expect([pace.endedNow, pace.silentMs]).toEqual([0, 1_000]);
  pace.look({ atMs: 2_000, ...look, pending: 46, ackPending: 8, sequence: 14, deliveries: 18 });
  expect([pace.endedNow, pace.arrivedNow]).toEqual([0, 0]);
});

it("a consumer that is made anew begins anew", () => {
  const pace = new StagePace();
  looksAt(pace)(20, { ended: 3, arrived: 30 });
  pace.look({ atMs: 10_000, pending: 5, ackPending: 0, sequence: 1, deliveries: 1 });
  expect(pace.endedNow).toBe(0);
  expect(pace.perSecond).toBeCloseTo(12);
});

it("a fast pace is forgotten when nobody has seen it for two minutes, a slow one is kept", () => {
  const [fast, slow] = [new StagePace(8), new StagePace(8)];
  const [goFast, goSlow] = [looksAt(fast), looksAt(slow)];
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
