import { afterEach, describe, expect, it } from "vitest";
import { runLoad, visit, type MixPhoto } from "../src/mod.js";
import { accepted, age, eventsOf, extract, failed } from "./jobEvents.js";
import { startScriptedGateway, type Script, type ScriptedGateway } from "./scriptedGateway.js";

const mix: MixPhoto[] = [
  { name: "small", weight: 1, bytes: new Uint8Array(100) },
  { name: "large", weight: 1, bytes: new Uint8Array(50_000) },
];
let gateway: ScriptedGateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

describe("a run", () => {
  it("sends every photo of the schedule and reports what was answered", async () => {
    const { url, uploads } = await start({ events: (id) => eventsOf(id, 2).map(at(0)) });
    const report = await runLoad({ url, mix, perSecond: 60, durationMs: 1000 });
    expect(uploads.length).toBeGreaterThan(30);
    expect(report.outcomes).toEqual({
      complete: uploads.length,
      failed: 0,
      expired: 0,
      refused: 0,
      error: 0,
    });
    expect(report.facesPerSecond / report.completedPerSecond).toBeCloseTo(2, 5);
    expect(new Set(uploads.map(({ transport }) => transport))).toEqual(new Set(["sse", "websocket"]));
    expect(new Set(uploads.map(({ bytes }) => bytes))).toEqual(new Set([100, 50_000]));
  });

  it("does not slow down for a system that does: photos are sent on time and the delay is in the latency", async () => {
    const { url, uploads } = await start({ stallMs: 1500, events: (id) => eventsOf(id, 1).map(at(0)) });
    const startedAtMs = performance.now();
    const report = await runLoad({ url, mix, perSecond: 40, durationMs: 500, webSocketShare: 0 });
    expect(uploads.length).toBeGreaterThan(8);
    // All sent before the first was answered.
    expect(Math.max(...uploads.map(({ atMs }) => atMs)) - startedAtMs).toBeLessThan(1500);
    expect(report.firstBox.p50).toBeGreaterThanOrEqual(1490);
  });

  it("sends the same photos at the same moments for the same seed", async () => {
    const { url, uploads } = await start({ events: (id) => eventsOf(id, 0).map(at(0)) });
    const run = { url, mix, perSecond: 40, durationMs: 500, webSocketShare: 1, seed: 5 };
    await runLoad(run);
    const first = uploads.splice(0).map(({ bytes }) => bytes);
    await runLoad(run);
    expect(uploads.map(({ bytes }) => bytes).sort()).toEqual(first.sort());
  });

  it.each([
    "http://example.com",
    "http://192.168.1.10:8080",
    "http://127.example.com",
    "http://localhost.example.com",
    "http://[::2]:8080",
  ])("refuses %s: it sends to this machine only", async (url) => {
    await expect(runLoad({ url, mix, perSecond: 1, durationMs: 1 })).rejects.toThrow(RangeError);
  });
});

describe.each(["sse", "websocket"] as const)("a visit by %s", (transport) => {
  const see = async (script: Script) => {
    const { url } = await start(script);
    return visit(url, new Uint8Array(10), transport, performance.now());
  };

  it("times first box, first attribute and all results from when the photo was due", async () => {
    const seen = await see({
      events: (id) => [
        { afterMs: 0, event: accepted(id) },
        { afterMs: 50, event: extract(id, 2) },
        { afterMs: 50, event: age(id, 1) },
        { afterMs: 50, event: age(id, 0) },
      ],
    });
    expect(seen).toMatchObject({ outcome: "complete", faces: 2 });
    // Timers may fire up to a millisecond early.
    expect(seen.firstBoxMs).toBeGreaterThan(48);
    expect(seen.firstAttributeMs! - seen.firstBoxMs!).toBeGreaterThan(40);
    expect(seen.allResultsMs! - seen.firstAttributeMs!).toBeGreaterThan(40);
  });

  it("is complete for a photo of nobody, without a first attribute", async () => {
    const seen = await see({ events: (id) => eventsOf(id, 0).map(at(0)) });
    expect(seen).toMatchObject({ outcome: "complete", faces: 0 });
    expect(seen.firstAttributeMs).toBeUndefined();
  });

  it("is failed by a stage's failure, and says which", async () => {
    const seen = await see({
      events: (id) => [accepted(id), failed(id, "unreadable_image")].map(at(0)),
    });
    expect(seen).toMatchObject({ outcome: "failed", reason: "unreadable_image" });
  });

  it("is expired where an answer is missing when the job ends", async () => {
    const seen = await see({
      events: (id) => [accepted(id, Date.now() - 60_000), extract(id, 1)].map(at(0)),
    });
    expect(seen).toMatchObject({ outcome: "expired", faces: 1 });
    expect(seen.allResultsMs).toBeUndefined();
  });

  it("is refused with the gateway's own code", async () => {
    const seen = await see({ refuse: { status: 503, code: "overloaded" } });
    expect(seen).toEqual({ outcome: "refused", faces: 0, reason: "overloaded" });
  });

  it("is an error where the connection ends before the job does", async () => {
    const seen = await see({ events: (id) => [accepted(id)].map(at(0)), cut: true });
    expect(seen).toMatchObject({ outcome: "error", reason: expect.stringContaining("before the job") });
  });
});

it("a visit to a gateway that is not there is an error, not an exception", async () => {
  const { url } = await start({});
  await gateway!.close();
  gateway = undefined;
  expect(await visit(url, new Uint8Array(10), "sse", performance.now())).toMatchObject({ outcome: "error" });
});

const at =
  (afterMs: number) =>
  <E>(event: E) => ({ afterMs, event });

async function start(script: Script): Promise<ScriptedGateway> {
  gateway = await startScriptedGateway(script);
  return gateway;
}
