import { Kvm, type KV } from "@nats-io/kv";
import { KEY_BUCKET } from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import { digestOf, newKeyText } from "./keyText.js";
import { isScope, type Scope } from "./scopes.js";

/** A key as it is stored; the key itself cannot be recovered from this. */
export interface KeyRecord {
  id: string;
  name: string;
  scopes: readonly Scope[];
  /** SHA-256 of the whole text, hex. */
  digest: string;
  createdAtMs: number;
}

const PREFIX = "key.";

export function openKeyBucket(broker: Broker): Promise<KV> {
  return new Kvm(broker.js).open(KEY_BUCKET);
}

/** @returns the text of the key, which is stored nowhere */
export async function createKey(kv: KV, name: string, scopes: readonly Scope[]): Promise<string> {
  const { id, text } = newKeyText();
  const record: KeyRecord = { id, name, scopes, digest: digestOf(text), createdAtMs: Date.now() };
  await kv.create(PREFIX + id, JSON.stringify(record));
  return text;
}

/** Oldest first. */
export async function listKeys(kv: KV): Promise<KeyRecord[]> {
  const records: KeyRecord[] = [];
  for await (const key of await kv.keys(`${PREFIX}*`)) {
    const entry = await kv.get(key);
    const record = entry && entry.operation === "PUT" ? readRecord(entry.value) : undefined;
    if (record) records.push(record);
  }
  return records.sort((a, b) => a.createdAtMs - b.createdAtMs);
}

/** @returns false where there is no such key */
export async function revokeKey(kv: KV, id: string): Promise<boolean> {
  const entry = await kv.get(PREFIX + id);
  if (entry?.operation !== "PUT") return false;
  await kv.purge(PREFIX + id);
  return true;
}

/** The key's id, where the bucket's key is one of a key. */
export function keyIdOfEntry(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}

/** Undefined for bytes that are no record: no key belongs to them. */
export function readRecord(bytes: Uint8Array): KeyRecord | undefined {
  try {
    const { id, name, scopes, digest, createdAtMs } = JSON.parse(Buffer.from(bytes).toString()) as KeyRecord;
    const isRecord =
      typeof id === "string" &&
      typeof name === "string" &&
      Array.isArray(scopes) &&
      /^[0-9a-f]{64}$/.test(digest) &&
      typeof createdAtMs === "number";
    // A scope of a later version is not known here.
    return isRecord ? { id, name, scopes: scopes.filter(isScope), digest, createdAtMs } : undefined;
  } catch {
    return undefined;
  }
}
