import { randomBytes } from "node:crypto";
import { nanos } from "nats";
import { Kvm, type KV } from "@nats-io/kv";
import { KEY_BUCKET, LEASE_MS, MODEL_BUCKET, SHARE_SECRET } from "@similarfaces/contracts";
import type { Broker } from "./broker.js";

const SECRET_BYTES = 32;
/** Some thousand keys, or some hundred announcements. */
const BYTES_MAX = 4 * 1024 * 1024;

/** The bucket of API keys (gateway/src/keys), with the secret that share links are signed with, made once. */
export async function provideKeyBucket(broker: Broker, replicas: number): Promise<void> {
  const kv = await provideBucket(broker, KEY_BUCKET, replicas);
  if ((await kv.get(SHARE_SECRET)) !== null) return;
  // Whoever came first has made it.
  await kv.create(SHARE_SECRET, randomBytes(SECRET_BYTES)).catch(async (error: unknown) => {
    if ((await kv.get(SHARE_SECRET)) === null) throw error;
  });
}

/** The bucket that models announce themselves in (models.ts). `leaseMs` is shorter in tests only. */
export async function provideModelBucket(
  broker: Broker,
  replicas: number,
  leaseMs: number = LEASE_MS,
): Promise<void> {
  await provideBucket(broker, MODEL_BUCKET, replicas, leaseMs);
}

/** Makes a bucket that keeps the newest record of each key, `ttlMs` long where that is given, or changes one that is there. */
async function provideBucket(broker: Broker, name: string, replicas: number, ttlMs = 0): Promise<KV> {
  // Reads go to the leader: a replica may not know yet of a record that was just made, or taken back.
  const options = { replicas, history: 1, ttl: ttlMs, max_bytes: BYTES_MAX, allow_direct: false };
  const kv = await new Kvm(broker.js).create(name, options);
  const { config } = await broker.jsm.streams.info(`KV_${name}`);
  const max_age = nanos(ttlMs);
  if (config.num_replicas === replicas && config.max_age === max_age) return kv;
  // Longer than it keeps anything the broker allows no window of duplicates.
  const duplicate_window = max_age > 0 ? Math.min(config.duplicate_window, max_age) : config.duplicate_window;
  await broker.jsm.streams.update(config.name, { num_replicas: replicas, max_age, duplicate_window });
  return kv;
}
