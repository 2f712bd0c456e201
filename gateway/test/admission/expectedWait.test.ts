import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../observability/load/src/arrivals.js";
import { Simulation, percentile, tookMs, type Job } from "./simulation.js";

const SEEDS = Array.from({ length: 8 }, (_, i) => i + 1);
const MINUTE = 60_000;

const since = (jobs: readonly Job[], atMs: number) => jobs.filter(({ acceptedAtMs }) => acceptedAtMs >= atMs);
/** Photos that a stage had done by then, from then on, per second. */
const donePerSecond = ({ accepted }: Simulation, stage: string, fromMs: number, untilMs: number) => {
  const ended = accepted.filter(({ doneAtMs }) => {
    const atMs = doneAtMs.get(stage) ?? Infinity;
    return atMs > fromMs && atMs <= untilMs;
  });
  return (ended.length / (untilMs - fromMs)) * 1_000;
};

describe.each(SEEDS)("admission by expected wait, seed %i", (seed) => {
  const random = () => seededRandom(seed * 7_919);

  it.each([2, 10, 50])(
    "%i times what it can: the mesh stays full, and what is accepted is done in time",
    (factor) => {
      const chance = random();
      const capacity = 2 + 60 * chance();
      const mesh = new Simulation({ random: chance, extract: () => capacity });
      mesh.run({ a: capacity * factor }, MINUTE).run({}, 15_000);
      const took = tookMs(mesh.accepted, ["extract"]);
      expect(donePerSecond(mesh, "extract", 10_000, MINUTE)).toBeGreaterThan(0.9 * capacity);
      // A mesh of which nothing is known is thought to do 10/s: a slower one is filled beyond its measure, once.
      expect(percentile(tookMs(since(mesh.accepted, 20_000), ["extract"]), 0.99)).toBeLessThan(8_000);
      expect(took.at(-1)).toBeLessThan(capacity < 10 ? 30_000 : 8_000);
      expect(mesh.refused.length).toBeGreaterThan(0.3 * capacity * (factor - 1) * 60);
    },
  );

  it("a slow trickle teaches no small capacity: the burst after it is taken", () => {
    const mesh = new Simulation({ random: random(), extract: () => 20 });
    mesh.run({ a: 2 }, 2 * MINUTE);
    expect(mesh.refused).toEqual([]);
    mesh.burst("a", 38);
    expect(mesh.refused).toEqual([]);
    mesh.burst("a", 400);
    expect(mesh.accepted.length).toBeLessThan(2 * 120 * 1.5 + 50);
  });

  it("a burst on a mesh that nobody knows yet is taken as far as it is within reach, not in hundreds", () => {
    const mesh = new Simulation({ random: random(), extract: () => 12 });
    mesh.burst("a", 40);
    expect(mesh.refused).toEqual([]);
    mesh.burst("a", 400);
    expect(mesh.accepted.length).toBeLessThan(50);
    mesh.run({}, 10_000);
    expect(tookMs(mesh.accepted, ["extract"]).at(-1)).toBeLessThan(6_000);
  });

  it("a dozen at once are taken whatever the known pace of the mesh is", () => {
    const mesh = new Simulation({
      random: random(),
      extract: () => 0.5,
      later: { age: () => 1 },
      facesOf: () => 3,
    });
    mesh.run({ a: 3 }, 20_000).run({}, 2 * MINUTE);
    const refused = mesh.refused.length;
    mesh.burst("a", 12);
    expect(refused).toBeGreaterThan(0);
    expect(mesh.refused.length).toBe(refused);
  });

  it("a fleet is opened up to what it does within seconds", () => {
    const mesh = new Simulation({ random: random(), extract: () => 300, slots: 64 });
    mesh.run({ a: 200 }, 5_000).run({ a: 200 }, 20_000);
    expect(mesh.refused.filter(({ atMs }) => atMs > 4_000)).toEqual([]);
  });

  it("capacity that goes is known in seconds, and capacity that comes is used", () => {
    const paceAt = (nowMs: number) => (nowMs < MINUTE / 2 ? 20 : nowMs < MINUTE ? 5 : 40);
    const mesh = new Simulation({ random: random(), extract: paceAt });
    mesh.run({ a: 100 }, MINUTE + 40_000).run({}, 20_000);
    const slow = mesh.accepted.filter(({ acceptedAtMs: atMs }) => atMs > 40_000 && atMs < MINUTE - 10_000);
    expect(percentile(tookMs(slow, ["extract"]), 0.99)).toBeLessThan(9_000);
    expect(donePerSecond(mesh, "extract", 40_000, MINUTE)).toBeGreaterThan(0.9 * 5);
    expect(donePerSecond(mesh, "extract", MINUTE + 5_000, MINUTE + 40_000)).toBeGreaterThan(0.9 * 40);
  });

  it("a flood that takes cores from the mesh as it begins: what was let in on the old pace is done in time too", () => {
    const mesh = new Simulation({ random: random(), extract: (nowMs) => (nowMs < 30_000 ? 16 : 9) });
    mesh.run({ a: 40 }, 10_000).run({ a: 10 }, 20_000);
    mesh.run({ a: 600 }, MINUTE).run({}, 10_000);
    const took = tookMs(since(mesh.accepted, 30_000), ["extract"]);
    expect(percentile(took, 0.99)).toBeLessThan(8_000);
    expect(donePerSecond(mesh, "extract", 32_000, 90_000)).toBeGreaterThan(0.9 * 9);
  });

  it("an analyzer that is down closes nothing, neither while it is down nor when it is back", () => {
    const isDown = (nowMs: number) => nowMs > 20_000 && nowMs < 80_000;
    const mesh = new Simulation({
      random: random(),
      extract: () => 12,
      later: { age: (nowMs) => (isDown(nowMs) ? 0 : 60), gender: () => 60 },
      facesOf: (chance) => 1 + Math.floor(3 * chance()),
    });
    mesh.run({ a: 6 }, 2 * MINUTE).run({}, 10_000);
    expect(mesh.refused).toEqual([]);
    expect(percentile(tookMs(mesh.accepted, ["extract", "gender"]), 0.99)).toBeLessThan(3_000);
  });

  it("an analyzer that was scaled to zero closes nothing", () => {
    const mesh = new Simulation({
      random: random(),
      extract: () => 12,
      later: { age: (nowMs) => (nowMs < 15_000 ? 0 : 40) },
    });
    mesh.run({ a: 6 }, MINUTE);
    expect(mesh.refused).toEqual([]);
  });

  it("an extract that was scaled to zero accepts what makes it start, and not much more", () => {
    const mesh = new Simulation({ random: random(), extract: (nowMs) => (nowMs < 20_000 ? 0 : 12) });
    mesh.run({ a: 1 }, 10_000);
    expect(mesh.refused).toEqual([]);
    mesh.run({ a: 50 }, 9_000);
    expect(mesh.accepted.length).toBeLessThan(50);
    expect(
      Math.min(...mesh.refused.slice(-10).map(({ retryAfterSeconds }) => retryAfterSeconds)),
    ).toBeGreaterThan(5);
    mesh.run({ a: 50 }, MINUTE);
    expect(donePerSecond(mesh, "extract", 25_000, 79_000)).toBeGreaterThan(0.9 * 12);
  });

  it("an extract that hangs amid a flood has no more to do afterwards than the limit", () => {
    const mesh = new Simulation({
      random: random(),
      extract: (nowMs) => (nowMs > 30_000 && nowMs < MINUTE ? 0 : 12),
    });
    mesh.run({ a: 60 }, 30_000);
    const before = mesh.accepted.length;
    mesh.run({ a: 60 }, 30_000);
    expect(mesh.accepted.length - before).toBeLessThan(30);
    mesh.run({ a: 60 }, 40_000);
    expect(donePerSecond(mesh, "extract", MINUTE + 1_000, MINUTE + 40_000)).toBeGreaterThan(0.9 * 12);
    expect(
      percentile(tookMs(since(mesh.accepted, MINUTE + 5_000).slice(0, -100), ["extract"]), 0.99),
    ).toBeLessThan(8_000);
  });

  it("the slowest stage counts, with the faces that are still to come to it", () => {
    const mesh = new Simulation({
      random: random(),
      extract: () => 40,
      later: { age: () => 12, gender: () => 90 },
      facesOf: (chance) => 1 + Math.floor(3 * chance()),
    });
    mesh.run({ a: 60 }, 90_000).run({}, 30_000);
    expect(donePerSecond(mesh, "age", 20_000, 90_000)).toBeGreaterThan(0.85 * 6);
    const took = tookMs(since(mesh.accepted, 30_000), ["extract", "age", "gender"]);
    expect(percentile(took, 0.99)).toBeLessThan(8_000);
  });

  it("two gateways before one mesh", () => {
    const mesh = new Simulation({ random: random(), extract: () => 15, gateways: 2 });
    mesh.run({ a: 150 }, MINUTE).run({}, 20_000);
    expect(donePerSecond(mesh, "extract", 10_000, MINUTE)).toBeGreaterThan(0.9 * 15);
    expect(percentile(tookMs(mesh.accepted, ["extract"]), 0.99)).toBeLessThan(8_000);
  });
});
