import type { KV } from "@nats-io/kv";
import { connectBroker } from "@similarfaces/runtime";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { createKey, openKeyBucket } from "../src/keys/keyBucket.js";
import { SCOPES, type Scope } from "../src/keys/scopes.js";
import type { Gateway } from "../src/mod.js";
import { PIXEL, startMesh, type Mesh } from "./meshFixture.js";

export interface PlayedKeys {
  mesh: Mesh;
  second: Gateway;
  kv: KV;
  /** A key for each scope, and one of another owner. */
  keys: Record<Scope | "other", string>;
  stop(): Promise<void>;
}

/** Two gateways with keys, which both know. */
export async function playKeys(): Promise<PlayedKeys> {
  const mesh = await startMesh();
  const second = await mesh.another();
  // Not the gateways' connection.
  const own = await connectBroker({ url: mesh.server.url, name: "keys" });
  const kv = await openKeyBucket(own);
  const keys = {} as PlayedKeys["keys"];
  for (const scope of SCOPES) keys[scope] = await createKey(kv, `for ${scope}`, [scope]);
  keys.other = await createKey(kv, "somebody else", ["analyse", "gallery:write"]);
  for (const { url } of [mesh.gateway, second])
    while ((await statusOf(url, "/v1/status", keys.other)) !== 200)
      await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    mesh,
    second,
    kv,
    keys,
    async stop() {
      await own.close();
      await mesh.stop();
    },
  };
}

export const bearer = (key?: string): Record<string, string> =>
  key ? { authorization: `Bearer ${key}` } : {};

export function ask(url: string, path: string, key?: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url + path, { ...init, headers: { ...bearer(key), ...(init.headers as object) } });
}

export async function statusOf(url: string, path: string, key?: string, init?: RequestInit): Promise<number> {
  const response = await ask(url, path, key, init);
  await response.body?.cancel();
  return response.status;
}

export interface Posted {
  jobId: string;
  links: { self: string; share?: string };
}

export async function post(url: string, key?: string): Promise<Posted> {
  const response = await ask(url, "/v1/jobs?stages=age", key, { method: "POST", body: PIXEL });
  expect(response.status).toBe(202);
  return (await response.json()) as Posted;
}

/** What the gateway says of a job to whoever watches it by WebSocket: the first message. */
export function watched(
  url: string,
  question: object,
  key?: string,
): Promise<{ type: string; failure?: { code: string } }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`, { headers: bearer(key) });
    socket.on("open", () => socket.send(JSON.stringify({ type: "watch", ...question })));
    socket.on("message", (data: Buffer) => {
      socket.close();
      resolve(JSON.parse(data.toString()) as { type: string });
    });
    socket.on("error", reject);
  });
}

export const codeOf = async (response: Response) =>
  ((await response.json()) as { failure: { code: string } }).failure.code;
