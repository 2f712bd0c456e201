import { JetStreamApiError, JetStreamApiCodes } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import {
  ExportedFaceSchema,
  IdentitySchema,
  STREAM_NAMES,
  StageFailure,
  create,
  embeddingToBytes,
  fromBinary,
  toBinary,
  type ExportedFace,
} from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import type { StoredVector } from "../driver.js";
import type { IdentityRecord } from "../identityRecord.js";

/** Keys of the bucket: one per identity, one per face. */
export const identityKey = (id: string): string => `identity.${id}`;
export const faceKey = (id: string): string => `face.${id}`;

/** Notes have keys of their own; who follows the bucket does not hold them in memory. */
const NOTE_PREFIX = "note.";
export const noteKey = (name: string): string => `${NOTE_PREFIX}${name}`;
export const isNote = (key: string): boolean => key.startsWith(NOTE_PREFIX);

/** What an identity's record holds; its faces have records of their own. */
export type IdentityFields = Pick<IdentityRecord, "id" | "name" | "consent" | "createdAtMs">;

/**
 * The JetStream key-value bucket that every replica writes to and follows (follower.ts). A write names the revision
 * that it replaces, so that two replicas never undo each other's.
 * All methods throw StageFailure gallery_unavailable or gallery_full.
 */
export class GalleryBucket {
  readonly bucket: string;
  readonly #kv: KV;
  readonly #broker: Broker;

  private constructor(bucket: string, kv: KV, broker: Broker) {
    this.bucket = bucket;
    this.#kv = kv;
    this.#broker = broker;
  }

  /** Opens the bucket, or makes it, with as many copies as the job's results have. */
  static async open(broker: Broker, bucket: string, bytesMax: number): Promise<GalleryBucket> {
    return unlessDown(async () => {
      const kvm = new Kvm(broker.js);
      const options = {
        replicas: await replicasOf(broker),
        max_bytes: bytesMax,
        history: 1,
        allow_direct: false,
      };
      const kv = await kvm.create(bucket, options);
      const { config } = await broker.jsm.streams.info(streamOf(bucket));
      if (config.max_bytes !== bytesMax)
        await broker.jsm.streams.update(config.name, { max_bytes: bytesMax });
      return new GalleryBucket(bucket, kv, broker);
    });
  }

  get stream(): string {
    return streamOf(this.bucket);
  }

  /** @returns the revision, or undefined where there is one of that id */
  createIdentity(identity: IdentityFields): Promise<number | undefined> {
    return this.#unlessChanged(() => this.#kv.create(identityKey(identity.id), identityBytes(identity)));
  }

  /** @returns the revision, or undefined where it is not of the revision given any more */
  updateIdentity(identity: IdentityFields, revision: number): Promise<number | undefined> {
    return this.#unlessChanged(() =>
      this.#kv.update(identityKey(identity.id), identityBytes(identity), revision),
    );
  }

  /** @returns the revision, or undefined where there is one of that id */
  createFace(vector: StoredVector): Promise<number | undefined> {
    return this.#unlessChanged(() => this.#kv.create(faceKey(vector.face.id), faceBytes(vector)));
  }

  /** @returns the revision, or undefined where it is not of the revision given any more */
  updateFace(vector: StoredVector, revision: number): Promise<number | undefined> {
    return this.#unlessChanged(() => this.#kv.update(faceKey(vector.face.id), faceBytes(vector), revision));
  }

  /** As the broker has it, not as it was followed. */
  readNote(name: string): Promise<{ bytes: Uint8Array; revision: number } | undefined> {
    return unlessDown(async () => {
      const entry = await this.#kv.get(noteKey(name));
      return entry?.operation === "PUT" ? { bytes: entry.value, revision: entry.revision } : undefined;
    });
  }

  /** @returns the revision, or undefined where it is not of the revision given any more, or there is one and none was given */
  writeNote(name: string, bytes: Uint8Array, revision: number | undefined): Promise<number | undefined> {
    const key = noteKey(name);
    return this.#unlessChanged(() =>
      revision === undefined ? this.#kv.create(key, bytes) : this.#kv.update(key, bytes, revision),
    );
  }

  /**
   * Deletes a record and leaves a mark for those who follow. A mark replaces its record, for a bucket keeps one message
   * per key; a purge would do the same, but makes consumers of nats-server 2.9 skip messages. Works on a full bucket too.
   * @returns false where a revision is given and the record is not of that revision any more
   */
  async delete(key: string, revision?: number): Promise<boolean> {
    const mark = async () => {
      await this.#kv.delete(key, revision === undefined ? {} : { previousSeq: revision });
      return true;
    };
    try {
      return (await this.#unlessChanged(mark)) ?? false;
    } catch (error) {
      if (!(error instanceof StageFailure) || error.code !== "gallery_full") throw error;
      // The mark needs room, which deleting the record's message makes.
      return unlessDown(async () => {
        const entry = await this.#kv.get(key);
        if (revision !== undefined && entry?.revision !== revision) return false;
        if (entry) await this.#broker.jsm.streams.deleteMessage(this.stream, entry.revision);
        await this.#kv.delete(key);
        return true;
      });
    }
  }

  /** Removes marks of deletions; one that a new record has replaced no longer exists. */
  async deleteMarks(revisions: readonly number[]): Promise<void> {
    const { jsm } = this.#broker;
    for (const revision of revisions) {
      await unlessDown(() => jsm.streams.deleteMessage(this.stream, revision, false).catch(unlessMissing));
    }
  }

  /** Of the last write of any replica. */
  async lastRevision(): Promise<number> {
    const { state } = await unlessDown(() => this.#broker.jsm.streams.info(this.stream));
    return state.last_seq;
  }

  /** Undefined where another write came first. */
  async #unlessChanged<T>(write: () => Promise<T>): Promise<T | undefined> {
    return unlessDown(async () => {
      try {
        return await write();
      } catch (error) {
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  }
}

export function identityOf(bytes: Uint8Array): IdentityFields {
  const { id, name, consent, createdAtMs } = fromBinary(IdentitySchema, bytes);
  return { id, name, consent, createdAtMs };
}

export function faceOf(bytes: Uint8Array): ExportedFace {
  return fromBinary(ExportedFaceSchema, bytes);
}

function identityBytes(identity: IdentityFields): Uint8Array {
  return toBinary(IdentitySchema, create(IdentitySchema, identity));
}

function faceBytes({ face, identityId, embedding }: StoredVector): Uint8Array {
  const record = { identityId, face, embedding: embeddingToBytes(embedding) };
  return toBinary(ExportedFaceSchema, create(ExportedFaceSchema, record));
}

function streamOf(bucket: string): string {
  return `KV_${bucket}`;
}

async function replicasOf({ jsm }: Broker): Promise<number> {
  try {
    return (await jsm.streams.info(STREAM_NAMES.results)).config.num_replicas;
  } catch (error) {
    // Nothing is provisioned yet, as in a tool or a test.
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return 1;
    throw error;
  }
}

/** The broker's codes for "no room": a stream's limit or a failed write, the server's, the cluster's, the account's. */
const FULL: readonly number[] = [10077, 10047, 10023, 10002];

function isConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

function unlessMissing(error: unknown): void {
  // "no message found", by another code in each version of the server.
  if (!(error instanceof JetStreamApiError)) throw error;
}

async function unlessDown<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof JetStreamApiError && FULL.includes(cause.code)) {
      throw new StageFailure("gallery_full", undefined, { cause });
    }
    throw new StageFailure("gallery_unavailable", undefined, { cause });
  }
}
