import { randomBytes } from "node:crypto";
import { Kvm } from "@nats-io/kv";
import { KEY_BUCKET, KEY_STREAM, SHARE_SECRET } from "@similarfaces/contracts";
import type { Broker } from "./broker.js";

const SECRET_BYTES = 32;
/** Some thousand keys. */
const BYTES_MAX = 4 * 1024 * 1024;

/** The bucket of API keys (gateway/src/keys), with the secret that share links are signed with, made once. */
export async function provideKeyBucket(broker: Broker, replicas: number): Promise<void> {
  // Reads go to the leader: a replica may not know yet of a key that was just made, or revoked.
  const options = { replicas, history: 1, max_bytes: BYTES_MAX, allow_direct: false };
  const kv = await new Kvm(broker.js).create(KEY_BUCKET, options);
  const { config } = await broker.jsm.streams.info(KEY_STREAM);
  if (config.num_replicas !== replicas)
    await broker.jsm.streams.update(config.name, { num_replicas: replicas });
  if ((await kv.get(SHARE_SECRET)) !== null) return;
  // Whoever came first has made it.
  await kv.create(SHARE_SECRET, randomBytes(SECRET_BYTES)).catch(async (error: unknown) => {
    if ((await kv.get(SHARE_SECRET)) === null) throw error;
  });
}
