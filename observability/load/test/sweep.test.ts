import { afterEach, expect, it } from "vitest";
import { compare, saturate, sweep, sweepTable, usageOf, watchUsage, type MixPhoto } from "../src/mod.js";
import { eventsOf } from "./jobEvents.js";
import { startScriptedGateway, type Script, type ScriptedGateway } from "./scriptedGateway.js";

const mix: MixPhoto[] = [{ name: "small", weight: 1, bytes: new Uint8Array(100) }];
const gateways: ScriptedGateway[] = [];

/** Answers after so many milliseconds, with one face. */
const answeringIn = (stallMs: number): Script => ({
  stallMs,
  events: (id) => eventsOf(id, 1).map((event) => ({ afterMs: 0, event })),
});

async function start(script: Script): Promise<ScriptedGateway> {
  const gateway = await startScriptedGateway(script);
  gateways.push(gateway);
  return gateway;
}

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

it("keeps so many photos under way and no more, and counts what is answered between ramp and end", async () => {
  const { url, uploads } = await start(answeringIn(100));
  const report = await saturate({ url, mix, durationMs: 1000, rampMs: 200, inFlight: 5 });
  // Five lanes of at least 100 ms each: at most 50 a second.
  expect(report.completedPerSecond).toBeGreaterThan(5);
  expect(report.completedPerSecond).toBeLessThanOrEqual(51);
  expect(report.outcomes.complete).toBe(uploads.length);
  expect(report.outcomes.complete).toBeGreaterThan(report.completedPerSecond);
  await expect(saturate({ url: "http://example.com", mix, durationMs: 1 })).rejects.toThrow(RangeError);
});

it("measures the capacity, then latency, CPU time and memory at shares of it", async () => {
  const { url } = await start(answeringIn(50));
  const report = await sweep({
    url,
    pids: [process.pid],
    mix,
    bareLoopPerSecond: 100,
    durationMs: 500,
    rampMs: 100,
    shares: [0.25, 0.5],
    inFlight: 4,
  });
  expect(report.steps.map(({ share }) => share)).toEqual([1, 0.25, 0.5]);
  expect(report.capacityPerSecond).toBe(report.steps[0]!.completedPerSecond);
  expect(report.ratioToBareLoop).toBeCloseTo(report.capacityPerSecond / 100, 10);
  expect(report.steps[2]!.offeredPerSecond).toBeCloseTo(report.capacityPerSecond / 2, 10);
  for (const { cpuMsPerPhoto, residentBytesMax } of report.steps) {
    expect(cpuMsPerPhoto).toBeGreaterThanOrEqual(0);
    expect(residentBytesMax).toBeGreaterThan(10e6);
  }
  const lines = sweepTable(report).split("\n");
  expect(lines[0]).toMatch(/^capacity .* % of the graphs alone \(100\.00 photos\/s\)$/);
  expect(lines[1]).toMatch(/load .*p50\/p90\/p99.*CPU ms\/photo\s+memory MB/);
  expect(lines.slice(2).map((line) => line.trim().split(/ {2,}/)[0])).toEqual(["full", "25 %", "50 %"]);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

it("says what one system loses against another", async () => {
  const [base, other] = [await start(answeringIn(20)), await start(answeringIn(200))];
  const run = { mix, durationMs: 400, rampMs: 100, rounds: 2, inFlight: 2 };
  const { loss, lossRange } = await compare({ base: base.url, other: other.url, ...run });
  expect(loss).toBeGreaterThan(0.3);
  expect(lossRange[0]).toBeLessThanOrEqual(lossRange[1]);
});

it("tells the CPU time and memory of processes, and nothing of those that are gone", () => {
  const watched = watchUsage([process.pid]);
  const before = usageOf([process.pid]);
  const endAtMs = performance.now() + 200;
  while (performance.now() < endAtMs);
  const { cpuSeconds, residentBytesMax } = watched.stop();
  expect(cpuSeconds).toBeGreaterThan(0.02);
  expect(usageOf([process.pid]).cpuSeconds).toBeGreaterThan(before.cpuSeconds);
  expect(residentBytesMax).toBeGreaterThan(10e6);
  expect(usageOf([2 ** 30])).toEqual({ cpuSeconds: 0, residentBytes: 0 });
});
