import { readFileSync } from "node:fs";
import { CHIP_SIDE, chipBytes } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../src/arrivals.js";
import type { Costs, Prices } from "../src/capacity/costs.js";
import { capacityPage } from "../src/capacity/page.js";
import { planFor, queueOf } from "../src/capacity/plan.js";
import { BUSY_MAX, erlangC, p99Wait, workersFor, type Queue } from "../src/capacity/queue.js";
import { limits, sharedLoad } from "../src/capacity/shared.js";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../src/capacity/${name}`, import.meta.url), "utf8")) as unknown;
const costs = read("costs.json") as Costs;
const prices = read("prices.json") as Prices;

describe("a queue", () => {
  it("is as full as Erlang's own sum says", () => {
    for (const [busy, workers] of [
      [8, 10],
      [0.6, 1],
      [3, 7],
    ] as const) {
      expect(erlangC(busy, workers)).toBeCloseTo(summed(busy, workers), 10);
    }
    expect(erlangC(90_000, 100_000)).toBeLessThan(1e-9);
  });

  it.each([
    { perSecond: 20, serviceSeconds: 0.06, squaredVariation: 0.2, bunching: 1 },
    { perSecond: 100, serviceSeconds: 0.06, squaredVariation: 0, bunching: 1 },
    { perSecond: 32, serviceSeconds: 0.006, squaredVariation: 1, bunching: 2.5 },
    { perSecond: 1_600, serviceSeconds: 0.005, squaredVariation: 0.5, bunching: 4 },
  ])("of %o waits no longer than planned, by a simulation", (queue) => {
    const plannedSeconds = 0.2;
    const workers = workersFor(queue, plannedSeconds);
    expect(simulatedP99(queue, workers)).toBeLessThan(plannedSeconds);
    expect((queue.perSecond * queue.serviceSeconds) / workers).toBeLessThanOrEqual(BUSY_MAX);
  });

  it("that does not keep up waits for ever", () => {
    const queue = { perSecond: 10, serviceSeconds: 1, squaredVariation: 0, bunching: 1 };
    expect(p99Wait(queue, 10)).toBe(Number.POSITIVE_INFINITY);
    expect(p99Wait(queue, 11)).toBeLessThan(10);
  });
});

describe("a plan", () => {
  const demand = { photosPerSecond: 100, p99Seconds: 2 };

  it("has cores enough for what is computed, and more for less time", () => {
    const { pods, gatewayPods, cores, instances } = planFor(demand, costs, prices);
    const { perSecond, serviceSeconds } = queueOf("extract", demand, costs);
    expect(pods["extract"]).toBeGreaterThanOrEqual((perSecond * serviceSeconds) / BUSY_MAX);
    expect(cores).toBe(Object.values(pods).reduce((sum, count) => sum + count, gatewayPods));
    expect(instances.map(({ name }) => name)).toEqual(
      prices.instances.filter(({ usdPerHour }) => usdPerHour !== null).map(({ name }) => name),
    );
    for (const { nodes, usdPerHour, usdPerThousandFaces, name } of instances) {
      const { vcpus, usdPerHour: each } = prices.instances.find((instance) => instance.name === name)!;
      expect(nodes * vcpus).toBeGreaterThanOrEqual(cores);
      expect(usdPerHour).toBeCloseTo(nodes * each!, 10);
      expect(usdPerThousandFaces * 100 * costs.facesPerPhoto * 3.6).toBeCloseTo(usdPerHour, 6);
    }
  });

  it("has pods for an analyzer that was measured, whatever its name", () => {
    const stages = { ...costs.stages, mask: costs.stages["age"]! };
    const { pods } = planFor(demand, { ...costs, stages }, prices);
    expect(pods["mask"]).toBe(pods["age"]);
    expect(sharedLoad(1, { ...costs, stages }).broker.bytesOut).toBeGreaterThan(
      sharedLoad(1, costs).broker.bytesOut,
    );
    expect(capacityPage({ ...costs, stages }, prices)).toContain("| mask |");
  });

  it("is refused where computing alone takes longer", () => {
    expect(() => planFor({ ...demand, p99Seconds: 0.01 }, costs, prices)).toThrow(RangeError);
  });

  it("grows in proportion where there is much to do", () => {
    const ten = planFor({ photosPerSecond: 10_000, p99Seconds: 2 }, costs, prices).cores;
    const hundred = planFor({ photosPerSecond: 100_000, p99Seconds: 2 }, costs, prices).cores;
    expect(hundred / ten).toBeCloseTo(10, 1);
  });
});

it("the shared parts carry what the photos bring, and the narrowest is named first", () => {
  const load = sharedLoad(1_000, costs);
  expect(load.gallery.searches).toBeCloseTo(1_000 * costs.facesPerPhoto, 6);
  expect(load.broker.bytesIn).toBeGreaterThan(1_000 * costs.facesPerPhoto * chipBytes(CHIP_SIDE));
  expect(load.broker.bytesOut).toBeGreaterThan(4 * load.broker.bytesIn);
  const rates = limits(costs).map(({ photosPerSecond }) => photosPerSecond);
  expect(rates).toEqual(rates.toSorted((a, b) => a - b));
});

it("the README's page is what the script computes", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  // The formatter pads columns.
  const plain = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
  expect(plain(readme)).toContain(plain(capacityPage(costs, prices)));
});

/** Erlang's formula as it is usually written; good for few workers. */
function summed(busy: number, workers: number): number {
  let term = 1;
  let below = 0;
  for (let n = 0; n < workers; n++) {
    below += term;
    term *= busy / (n + 1);
  }
  const all = term * (workers / (workers - busy));
  return all / (below + all);
}

/** Bunches arrive as a Poisson process; each message goes to the worker that is free first. */
function simulatedP99(queue: Queue, workers: number): number {
  const { perSecond, serviceSeconds, squaredVariation, bunching } = queue;
  const random = seededRandom(7);
  const freeAt = new Float64Array(workers);
  const waits: number[] = [];
  let now = 0;
  while (waits.length < 60_000) {
    // Every bunch is as large: mean of the squares over the mean is then its size, or two sizes around it.
    const size = Math.floor(bunching) + (random() < bunching % 1 ? 1 : 0);
    now += -Math.log(1 - random()) / (perSecond / bunching);
    for (let i = 0; i < size; i++) {
      let first = 0;
      for (let worker = 1; worker < workers; worker++) if (freeAt[worker]! < freeAt[first]!) first = worker;
      const begins = Math.max(now, freeAt[first]!);
      waits.push(begins - now);
      freeAt[first] = begins + serviceSeconds * serviceFactor();
    }
  }
  return waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)]!;

  /** Mean 1, variance as asked for: a constant and an exponential part. */
  function serviceFactor(): number {
    const share = Math.sqrt(squaredVariation);
    return 1 - share + share * -Math.log(1 - random());
  }
}
