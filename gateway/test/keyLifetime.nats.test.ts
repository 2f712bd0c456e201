import { connectBroker } from "@similarfaces/runtime";
import type { KV } from "@nats-io/kv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey, listKeys, openKeyBucket, revokeKey } from "../src/keys/keyBucket.js";
import type { Gateway } from "../src/mod.js";
import { readEvents, startMesh, type Mesh } from "./meshFixture.js";
import { ask, codeOf, playKeys, post, statusOf, type PlayedKeys } from "./playedKeys.js";

let played: PlayedKeys;
let mesh: Mesh;
let second: Gateway;
let keys: PlayedKeys["keys"];
let kv: KV;
beforeAll(async () => {
  played = await playKeys();
  ({ mesh, second, keys, kv } = played);
});
afterAll(() => played?.stop());

describe("a key", () => {
  it("is known to every gateway at once, and refused by all once it is revoked, its jobs with it", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    const id = text.split("_")[1]!;
    for (const { url } of [mesh.gateway, second])
      await expect.poll(() => statusOf(url, "/v1/status", text)).toBe(200);
    const { links } = await post(mesh.url, text);
    expect(await statusOf(second.url, links.share!.replace("/jobs", "/v1/jobs"))).toBe(200);
    expect(await revokeKey(kv, id)).toBe(true);
    for (const { url } of [mesh.gateway, second]) {
      await expect.poll(() => statusOf(url, "/v1/status", text)).toBe(401);
      expect(await statusOf(url, links.self, keys.admin)).toBe(404);
      expect(await statusOf(url, links.share!.replace("/jobs", "/v1/jobs"))).toBe(404);
    }
    expect(await revokeKey(kv, id)).toBe(false);
  });

  it("that is revoked ends what is open: the job that is watched with it, and by those who have its link", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text)).toBe(200);
    const { links } = await post(mesh.url, text);
    const [, share] = links.share!.split("?");
    const streams = await Promise.all([
      ask(mesh.url, `${links.self}/events`, text),
      ask(mesh.url, `${links.self}/events?${share}`),
    ]);
    await revokeKey(kv, text.split("_")[1]!);
    // Although nothing more is found out about the job.
    for (const stream of streams) {
      const events = await readEvents(stream);
      expect(events.map(({ event }) => event)).toEqual(["accepted", "failure"]);
      expect(events.at(-1)!.data).toMatchObject({ failure: { code: "job_not_found" } });
    }
  });

  it("that was revoked while the broker could not be reached is refused when it is back", async () => {
    const text = await createKey(kv, "for a while", ["analyse"]);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text)).toBe(200);
    void mesh.broker.nc.reconnect();
    await revokeKey(kv, text.split("_")[1]!);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text), { timeout: 10_000 }).toBe(401);
  });

  it("is stored as a hash only", async () => {
    const all = JSON.stringify(await listKeys(kv));
    for (const text of Object.values(keys)) expect(all).not.toContain(text.split("_").slice(2).join("_"));
  });

  it("that is wrong is counted, and slowed down with the time to wait", async () => {
    const wrong = () => ask(second.url, "/v1/status", "wrong");
    await expect.poll(async () => (await wrong()).status).toBe(429);
    const slowed = await wrong();
    expect(await codeOf(slowed)).toBe("too_many_attempts");
    expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await mesh.scrape(second)).toMatch(/similarfaces_keys_refused_total\{reason="wrong"\} 10/);
    expect(await mesh.scrape(second)).toMatch(/similarfaces_keys_refused_total\{reason="slowed"\} [2-9]/);
    expect(await statusOf(second.url, "/v1/status", keys.other)).toBe(200);
  });
});

it("is asked of nobody before there is one, and of everybody from then on", async () => {
  const fresh = await startMesh({ API_KEY_FOR: "everything" });
  try {
    expect(
      await statusOf(fresh.url, "/v1/gallery/statistics", undefined, { headers: { via: "1.1 x" } }),
    ).toBe(401);
    expect(await statusOf(fresh.url, "/v1/status")).toBe(200);
    const broker = await connectBroker({ url: fresh.server.url, name: "keys" });
    const text = await createKey(await openKeyBucket(broker), "first", ["analyse"]);
    await broker.close();
    await expect.poll(() => statusOf(fresh.url, "/v1/status")).toBe(401);
    expect(await statusOf(fresh.url, "/v1/status", text)).toBe(200);
    expect(await statusOf(fresh.url, "/healthz")).toBe(200);
  } finally {
    await fresh.stop();
  }
});
