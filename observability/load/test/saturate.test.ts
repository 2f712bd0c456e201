import { afterEach, expect, it } from "vitest";
import { saturate, usageOf, type MixPhoto } from "../src/mod.js";
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
  expect(report.completedPerSecond).toBeGreaterThan(0);
  expect(report.completedPerSecond).toBeLessThanOrEqual(51);
  expect(report.outcomes.complete).toBe(uploads.length);
  expect(report.outcomes.complete).toBeGreaterThan(report.completedPerSecond);
  await expect(saturate({ url: "http://example.com", mix, durationMs: 1 })).rejects.toThrow(RangeError);
});

it("tells the CPU time and memory of processes, and nothing of those that are gone", () => {
  const before = usageOf([process.pid]);
  const endAtMs = performance.now() + 200;
  while (performance.now() < endAtMs);
  const after = usageOf([process.pid]);
  expect(after.cpuSeconds - before.cpuSeconds).toBeGreaterThan(0.01);
  expect(after.residentBytes).toBeGreaterThan(10e6);
  expect(usageOf([2 ** 30])).toEqual({ cpuSeconds: 0, residentBytes: 0 });
});
