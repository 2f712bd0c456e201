import { createLog, createMetrics } from "@similarfaces/runtime";
import { type StageFailure } from "@similarfaces/contracts";
import { createAccess, type Access, type AccessOptions } from "../src/access/access.js";
import { trustedProxiesSetting } from "../src/access/clientAddress.js";
import { watchWrongKeys } from "../src/access/wrongKeys.js";
import type { KeyRecord } from "../src/keys/keyBucket.js";
import { digestOf, newKeyText } from "../src/keys/keyText.js";
import type { Scope } from "../src/keys/scopes.js";
import type { RouteScope } from "../src/requests/router.js";

export const SECRET = new Uint8Array(32).fill(7);
export const log = createLog({ service: "gateway", level: "silent" });

export interface Asked {
  method?: string;
  path?: string;
  query?: string;
  from?: string;
  scope?: RouteScope;
  headers?: Record<string, string>;
}

/** Keys as the bucket would say them. */
export function ringOf(...records: KeyRecord[]) {
  const keys = new Map(records.map((record) => [record.id, record]));
  return { find: (id: string) => keys.get(id), size: records.length, shareSecret: SECRET };
}

export function newKey(...scopes: Scope[]): { text: string; record: KeyRecord } {
  const { id, text } = newKeyText();
  return { text, record: { id, name: "test", scopes, digest: digestOf(text), createdAtMs: 0 } };
}

export function accessOf(options: Partial<AccessOptions> = {}): Access {
  const metrics = createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
  return createAccess({
    host: "127.0.0.1",
    apiKey: undefined,
    apiKeyFor: "gallery",
    allowedHosts: [],
    trustedProxies: trustedProxiesSetting.read(undefined),
    jobTtlMs: 600_000,
    keys: ringOf(),
    wrongKeys: watchWrongKeys({ metrics, log }),
    ...options,
  });
}

export function requestOf({
  method = "GET",
  path = "/v1/status",
  query = "",
  from = "127.0.0.1",
  headers,
}: Asked) {
  const all: Record<string, string> = { host: "localhost:8080", ...headers };
  return {
    method,
    path,
    query: new URLSearchParams(query),
    remoteAddress: from,
    header: (name: string) => all[name],
  };
}

/** "ok", or the code of the refusal. */
export function outcome(options: Partial<AccessOptions> | Access, asked: Asked): string {
  const access = "check" in options ? options : accessOf(options);
  try {
    access.check(requestOf(asked), asked.scope ?? "any");
    return "ok";
  } catch (error) {
    return (error as StageFailure).code;
  }
}

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
export const basic = (key: string) => ({
  authorization: `Basic ${Buffer.from(`any:${key}`).toString("base64")}`,
});
export const host = (name: string) => ({ headers: { host: name } });
