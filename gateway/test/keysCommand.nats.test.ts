import type { KV } from "@nats-io/kv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runKeysCommand } from "../src/keys/command.js";
import { createKey, listKeys, openKeyBucket } from "../src/keys/keyBucket.js";
import { startMesh, type Mesh } from "./meshFixture.js";

let mesh: Mesh;
let kv: KV;
beforeAll(async () => {
  mesh = await startMesh();
  kv = await openKeyBucket(mesh.broker);
  // With none left no key would be asked for.
  await createKey(kv, "another", ["admin"]);
});
afterAll(() => mesh?.stop());

async function statusOf(url: string, path: string, key: string): Promise<number> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  return response.status;
}

describe("npm run keys", () => {
  const printed: string[] = [];
  const run = async (...args: string[]) => {
    printed.length = 0;
    const log = console.log;
    console.log = (line: string) => void printed.push(line);
    try {
      return await runKeysCommand(args, (work) => work(kv));
    } finally {
      console.log = log;
    }
  };

  it("makes a key that is shown once, lists it without it, and revokes it", async () => {
    expect(await run("create", "--name", "Ada's script", "--scopes", "analyse,gallery:read")).toBe(0);
    const [text = ""] = printed;
    expect(text).toMatch(/^sf_[0-9a-f]{12}_[\w-]{43}$/);
    const id = text.split("_")[1]!;
    await expect.poll(() => statusOf(mesh.url, "/v1/gallery/export", text)).toBe(403);
    expect(await run("list")).toBe(0);
    expect(printed.find((line) => line.startsWith(id))).toMatch(/ {2}analyse,gallery:read {2}Ada's script$/);
    expect(printed.join()).not.toContain(text);
    expect(await run("revoke", id)).toBe(0);
    expect(await run("revoke", id)).toBe(1);
    await expect.poll(() => statusOf(mesh.url, "/v1/status", text)).toBe(401);
  });

  it.each([
    ["create"],
    ["create", "--name", "x"],
    ["create", "--name", "x", "--scopes", "everything"],
    ["create", "--name", "", "--scopes", "admin"],
    ["create", "--name", "two\nlines", "--scopes", "admin"],
    ["revoke"],
    ["forget"],
  ])("refuses what makes no sense: %j %j %j", async (...args) => {
    const before = (await listKeys(kv)).length;
    expect(await run(...args)).toBe(2);
    expect((await listKeys(kv)).length).toBe(before);
  });
});
