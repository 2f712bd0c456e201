import type { KvWatchEntry } from "@nats-io/kv";
import { SHARE_SECRET } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import { keyIdOfEntry, openKeyBucket, readRecord, type KeyRecord } from "./keyBucket.js";

/** The keys in the bucket: every gateway follows it, so that all know of a creation or revocation at once. */
export interface KeyRing {
  find(id: string): KeyRecord | undefined;
  readonly size: number;
  /** Share links are signed with it. */
  readonly shareSecret: Uint8Array;
  /** Called after each change, and after what changed while the broker was away has been read. */
  onChange(listener: () => void): void;
  close(): void;
}

const RETRY_MS = 200;

/** Resolves when all keys have been read; waits for a bucket that is not provisioned yet. */
export async function openKeyRing(broker: Broker, log: Log): Promise<KeyRing> {
  let keys = new Map<string, KeyRecord>();
  let shareSecret: Uint8Array = new Uint8Array();
  let isClosed = false;
  const listeners = new Set<() => void>();
  let stop = () => {};
  // The whole bucket is read again: the old watch may have missed changes while the broker was away.
  broker.onReconnect(() => stop());
  await new Promise<void>((caughtUp) => void follow(caughtUp));
  return {
    find: (id) => keys.get(id),
    get size() {
      return keys.size;
    },
    get shareSecret() {
      return shareSecret;
    },
    onChange: (listener) => void listeners.add(listener),
    close() {
      isClosed = true;
      stop();
    },
  };

  async function follow(caughtUp: () => void): Promise<void> {
    while (!isClosed) {
      try {
        await readAndWatch(caughtUp);
      } catch (err) {
        log.debug({ err }, "the keys cannot be read yet");
      }
      if (!isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  async function readAndWatch(caughtUp: () => void): Promise<void> {
    const watch = await (await openKeyBucket(broker)).watch();
    stop = () => watch.stop();
    if (isClosed) stop();
    const read = new Map<string, KeyRecord>();
    for await (const entry of watch) {
      take(entry, read);
      // From the last of what was there before; the secret is always there.
      if (!entry.isUpdate) continue;
      if (keys !== read) {
        keys = read;
        caughtUp();
      }
      for (const listener of listeners) listener();
    }
  }

  function take({ key, operation, value }: KvWatchEntry, into: Map<string, KeyRecord>): void {
    if (key === SHARE_SECRET && operation === "PUT") shareSecret = Uint8Array.from(value);
    const id = keyIdOfEntry(key);
    if (id === undefined) return;
    const record = operation === "PUT" ? readRecord(value) : undefined;
    if (record) into.set(id, record);
    else into.delete(id);
  }
}
