import { afterEach, expect, it } from "vitest";
import { runFlood, type MixPhoto } from "../src/mod.js";
import { eventsOf, failed } from "./jobEvents.js";
import { startScriptedGateway, type Script, type ScriptedGateway } from "./scriptedGateway.js";

const mix: MixPhoto[] = [{ name: "large", weight: 1, bytes: new Uint8Array(50_000) }];
let gateway: ScriptedGateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

const at = (event: ReturnType<typeof eventsOf>[number]) => ({ afterMs: 0, event });
const complete: Script = { events: (id) => eventsOf(id, 2).map(at) };

it.each<[string, Script, object]>([
  ["complete", complete, {}],
  ["expired", { ...complete, expired: ["age.0"] }, {}],
  ["failed", { events: (id) => [...eventsOf(id, 1), failed(id, "model_failed")].map(at) }, {}],
  ["lost", { ...complete, cut: true }, {}],
  ["refused", { refuse: { status: 503, code: "overloaded" } }, { retryAfter: 7 }],
  ["rejected", { refuse: { status: 400, code: "bad_request" } }, { reason: "status 400" }],
])("a photo that is %s", async (outcome, script, more) => {
  gateway = await startScriptedGateway(script);
  const photos = await runFlood({ url: gateway.url, mix, perSecond: 200, durationMs: 200, freshShare: 0.5 });
  expect(photos.length).toBeGreaterThan(20);
  expect(gateway.uploads.map(({ bytes }) => bytes)).toEqual(photos.map(() => 50_000));
  for (const photo of photos) expect(photo).toMatchObject({ outcome, ...more });
});

it("an open loop: what is slow delays nothing, and the delay is in the time taken", async () => {
  gateway = await startScriptedGateway({ ...complete, stallMs: 1_000 });
  const startedAtMs = performance.now();
  const photos = await runFlood({ url: gateway.url, mix, perSecond: 100, durationMs: 300 });
  expect(Math.max(...gateway.uploads.map(({ atMs }) => atMs)) - startedAtMs).toBeLessThan(1_000);
  for (const { tookMs } of photos) expect(tookMs).toBeGreaterThan(990);
});

it("nobody there is no answer; an end that is asked for ends the sending; other machines are not sent to", async () => {
  const ending = new AbortController();
  gateway = await startScriptedGateway(complete);
  const flood = { url: gateway.url, mix, perSecond: 50, durationMs: 600_000, signal: ending.signal };
  setTimeout(() => ending.abort(), 100);
  expect((await runFlood(flood)).every(({ outcome }) => outcome === "complete")).toBe(true);
  const gone = gateway;
  gateway = undefined;
  await gone.close();
  const alone = await runFlood({ url: gone.url, mix, perSecond: 100, durationMs: 100 });
  expect(new Set(alone.map(({ outcome }) => outcome))).toEqual(new Set(["unanswered"]));
  await expect(runFlood({ ...flood, url: "http://192.168.1.10:8080" })).rejects.toThrow(RangeError);
});
