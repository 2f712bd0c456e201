import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { compare, comparisonLine, ratioOf, seededRandom, type MixPhoto, type Round } from "../src/mod.js";

const mix: MixPhoto[] = ["portrait", "group"].map((name) => ({ name, weight: 1, bytes: new Uint8Array(1) }));

/** Rounds whose two sides differ by so much, on a machine that changes from round to round and from moment to moment. */
function roundsWith(ratio: number, count: number, noise: number, seed = 1): Round[] {
  const random = seededRandom(seed);
  const about = (figure: number) => figure * (1 + noise * (random() + random() + random() - 1.5));
  return Array.from({ length: count }, () => {
    const machine = 1 + random();
    const work = (share: number) => ({
      perSecond: about(20 * machine * share),
      cpuMsPerPhoto: about(90 / share),
    });
    return new Map([
      ["base", work(1)],
      ["other", work(ratio)],
    ]);
  });
}

it("gives every side the same photos in a round, and each place in the order as often", async () => {
  const seen: string[] = [];
  const sides = ["a", "b", "c"].map((name) => ({
    name,
    cpuSeconds: () => performance.now() / 1_000,
    analyse: async (photo: MixPhoto) => {
      seen.push(`${name} ${photo.name}`);
      await sleep(1);
    },
  }));
  const rounds = await compare({ sides, mix, rounds: 6, roundMs: 1, inFlight: 3 });
  for (const { perSecond, cpuMsPerPhoto } of rounds.flatMap((round) => [...round.values()])) {
    expect(perSecond).toBeGreaterThan(0);
    expect(cpuMsPerPhoto).toBeGreaterThan(0);
  }
  // Each side warms up with twice two times what is under way at once.
  const counted = seen.slice(3 * 2 * 2 * 3);
  const each = counted.length / (6 * 3);
  const turns = Array.from({ length: 6 * 3 }, (_, i) => counted.slice(i * each, (i + 1) * each));
  expect(turns.map(([first]) => first![0]).join("")).toBe("abccbabcaacbcabbac");
  const photosOf = (turn: readonly string[]) => turn.map((line) => line.slice(2));
  turns.forEach((turn, i) => expect(photosOf(turn)).toEqual(photosOf(turns[i - (i % 3)]!)));
});

it("finds a difference of a hundredth in noise of as much, and says how sure it is", () => {
  const rounds = roundsWith(0.99, 24, 0.01);
  const { ratio, low, high } = ratioOf(rounds, ["base"], "other", "perSecond");
  expect([low < ratio, ratio < high]).toEqual([true, true]);
  expect(ratio).toBeCloseTo(0.99, 2);
  expect(high - low).toBeLessThan(0.02);
  expect(ratioOf(rounds, ["base"], "other", "cpuMsPerPhoto").ratio).toBeCloseTo(1 / 0.99, 2);
  expect(comparisonLine(rounds, ["base"], "other")).toMatch(
    /^other: throughput 0\.9\d\d \(0\.9\d\d to \d\.\d{3}; \d+\.\d photos\/s\), CPU time 1\.0\d\d \(/,
  );
});

it("has the truth in its interval 19 times of 20, and bears one round that somebody else spoilt", () => {
  let held = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const { low, high } = ratioOf(roundsWith(0.98, 12, 0.02, seed), ["base"], "other", "perSecond");
    if (low <= 0.98 && 0.98 <= high) held++;
  }
  // Four standard deviations of a count of 400 on either side of 380, and no chance in it: the seeds are fixed.
  expect(held).toBeGreaterThan(362);
  expect(held).toBeLessThan(398);
  const spoilt = roundsWith(1, 24, 0.01);
  const [first] = spoilt;
  (first as Map<string, { perSecond: number; cpuMsPerPhoto: number }>).get("other")!.perSecond /= 3;
  expect(ratioOf(spoilt, ["base"], "other", "perSecond").ratio).toBeCloseTo(1, 2);
});
