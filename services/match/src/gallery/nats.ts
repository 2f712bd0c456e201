import { createHash } from "node:crypto";
import {
  ExportedFaceSchema,
  IdentityPageSchema,
  StageFailure,
  create,
  embeddingFromBytes,
  embeddingToBytes,
  type Identity,
} from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import { badRequest } from "./check.js";
import type { Candidate, DriverFace, EnrolledFace, FaceRow, GalleryDriver, Nearest } from "./gallery.js";
import { Catalogue, folded, type FaceEntry, type IdentityEntry } from "./nats/catalogue.js";
import { Follower, type Change, type Position } from "./nats/follower.js";
import { createProgress } from "./nats/progress.js";
import { GalleryRecord, faceKey, faceOf, identityKey, identityOf } from "./nats/record.js";
import { SNAPSHOT_AGE_MAX_MS, Snapshot } from "./nats/snapshot.js";

export interface NatsGalleryOptions {
  broker: Broker;
  /** Name of the bucket. */
  bucket: string;
  /** "<id>@<version>" of the embedder whose vectors are compared. */
  model: string;
  /** Limit of the bucket, which reserves it. 100,000 faces take about 240 MB. */
  bytesMax: number;
  /** Where a snapshot is left for the next start; without it, every start reads the whole bucket. */
  snapshotFile?: string | undefined;
  log: Log;
  /** Gives up reading. */
  signal?: AbortSignal | undefined;
}

/** Changes to one record that others may come before. */
const TRIES_MAX = 20;
const WRITES_AT_ONCE = 16;
/** Marks of deletions stay until no snapshot can be of use that is older than they are. */
const MARKS_KEPT_MS = 2 * SNAPSHOT_AGE_MAX_MS;
/** Faces that are a second's reading. */
const WORTH_SAVING = 20_000;

/**
 * The gallery in JetStream: a key-value bucket is the record, and every replica holds all of it in memory, following
 * the bucket. What a call has changed is visible to the next call on the same replica at once, on others within
 * milliseconds; all calls but `nearest` first take in what any replica has changed before.
 */
export async function openNatsGallery(options: NatsGalleryOptions): Promise<GalleryDriver> {
  const { broker, bucket, model, bytesMax, snapshotFile, log, signal } = options;
  const record = await GalleryRecord.open(broker, bucket, bytesMax);
  const catalogue = new Catalogue(model);
  const snapshot = snapshotFile === undefined ? undefined : new Snapshot(snapshotFile, bucket);
  const progress = createProgress(log);
  const position = await snapshot?.load(catalogue).catch((err: unknown) => {
    log.warn({ err }, "the snapshot of the gallery is of no use");
    return undefined;
  });
  if (!position) catalogue.clear();
  const oldMarks: number[] = [];
  const follower = new Follower({
    broker,
    bucket,
    log,
    position,
    apply(changes) {
      applyTo(catalogue, changes, log);
      const marks = changes.filter(({ value }) => value === undefined);
      if (marks.length === 0) return;
      snapshot?.forget();
      for (const { atMs, revision } of marks) {
        if (Date.now() - atMs > MARKS_KEPT_MS) oldMarks.push(revision);
      }
    },
    reset() {
      catalogue.clear();
      snapshot?.forget();
    },
    onProgress: progress.step,
  });
  const stop = () => void follower.close();
  signal?.addEventListener("abort", stop);
  await follower.start();
  signal?.removeEventListener("abort", stop);
  catalogue.putInOrder();
  progress.end({
    identities: catalogue.identities,
    faces: catalogue.faces,
    snapshot: position !== undefined,
  });
  const driver = new NatsGallery(record, catalogue, follower, { snapshot, saved: position, log });
  // A process that is killed leaves none: the work of reading everything is not to be done twice.
  if (!position && catalogue.faces >= WORTH_SAVING) void driver.saveSnapshot();
  void record.deleteMarks(oldMarks).catch((err: unknown) => log.warn({ err }, "old marks of deletions stay"));
  return driver;
}

interface Saving {
  snapshot: Snapshot | undefined;
  /** The position of the last snapshot. */
  saved: Position | undefined;
  log: Log;
}

class NatsGallery implements GalleryDriver {
  readonly name = "nats";
  readonly #record: GalleryRecord;
  readonly #catalogue: Catalogue;
  readonly #follower: Follower;
  /** The last addition to each identity, so that the same face comes in once. */
  readonly #adding = new Map<string, Promise<unknown>>();

  readonly #saving: Saving;

  constructor(record: GalleryRecord, catalogue: Catalogue, follower: Follower, saving: Saving) {
    this.#saving = saving;
    this.#record = record;
    this.#catalogue = catalogue;
    this.#follower = follower;
  }

  async nearest(probe: Float32Array, count: number): Promise<Nearest> {
    this.#follower.mustServe();
    const vectors = this.#catalogue.compared;
    // Identities with many faces near the probe take the places of others: then more faces are asked for.
    for (let wanted = count; ; wanted = wanted * 4 + 1_000) {
      const hits = vectors.nearest(probe, wanted);
      const best = new Map<string, Candidate>();
      let last = 1;
      for (const { key, similarity } of hits) {
        // Nearest first: once there are enough, only such as are just as near could still come before one of them.
        if (best.size >= count && similarity < last) break;
        last = similarity;
        const entry = this.#catalogue.faceByKey(key);
        const identity = entry && this.#catalogue.identity(entry.identityId);
        if (!identity || best.has(identity.id)) continue;
        best.set(identity.id, {
          identityId: identity.id,
          name: identity.name,
          faceId: entry.face.id,
          similarity,
        });
      }
      if (best.size < count && hits.length < vectors.size) continue;
      const candidates = [...best.values()].sort(
        (a, b) => b.similarity - a.similarity || (a.identityId < b.identityId ? -1 : 1),
      );
      return { candidates: candidates.slice(0, count), galleryFaces: vectors.size };
    }
  }

  /** One after the other for one identity: the second of two equal faces finds the first. */
  async add(face: DriverFace): Promise<EnrolledFace> {
    const { id } = face.identity;
    const before = this.#adding.get(id);
    const adding = (async () => {
      await before?.catch(() => {});
      return this.#add(face);
    })();
    this.#adding.set(id, adding);
    try {
      return await adding;
    } finally {
      if (this.#adding.get(id) === adding) this.#adding.delete(id);
    }
  }

  async #add(face: DriverFace): Promise<EnrolledFace> {
    const digest = digestOf(embeddingToBytes(face.embedding));
    await this.#caughtUp();
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const known =
        this.#catalogue.face(face.face.id) ??
        this.#catalogue
          .facesOf(face.identity.id)
          .find((entry) => entry.digest === digest && entry.face.model === face.face.model);
      // A face whose adding was cut short waits for its identity.
      const owner = known ? { ...face.identity, id: known.identityId } : face.identity;
      const isNew = !this.#catalogue.identity(owner.id);
      const made = isNew ? await this.#record.createIdentity(owner) : undefined;
      const added = known ? undefined : await this.#createFace(face, isNew);
      const written = added ?? made;
      // Of what others have written before, all that there is has been taken in when one's own change has.
      if (written !== undefined) await this.#follower.reached(written);
      else if (isNew || !known) await this.#caughtUp();
      const entry = this.#catalogue.face(known?.face.id ?? face.face.id);
      const identity = entry && this.#catalogue.identity(entry.identityId);
      if (identity) {
        return {
          identityId: identity.id,
          faceId: entry.face.id,
          name: identity.name,
          added: added !== undefined,
        };
      }
      // Its identity was deleted meanwhile: the deletion may have come too early to see this face.
      if (entry) await this.#record.delete(faceKey(entry.face.id));
      await this.#caughtUp();
    }
    throw contended();
  }

  /** An identity that was made for a face which then found no room is taken back. */
  async #createFace(face: DriverFace, withIdentity: boolean): Promise<number | undefined> {
    try {
      return await this.#record.createFace(face);
    } catch (error) {
      const { id } = face.identity;
      if (withIdentity && isFull(error) && this.#catalogue.facesOf(id).length === 0) {
        await this.#record.delete(identityKey(id)).catch(() => {});
      }
      throw error;
    }
  }

  async list({ nameContains, pageSize, pageToken }: Parameters<GalleryDriver["list"]>[0]) {
    await this.#caughtUp();
    const part = folded(nameContains);
    const all = this.#catalogue.identitiesByName();
    const first = pageToken === "" ? 0 : this.#catalogue.positionBehind(...readToken(pageToken));
    const fits = (identity: IdentityEntry) => identity.folded.includes(part);
    const page: IdentityEntry[] = [];
    for (let i = first; i < all.length && page.length <= pageSize; i++) {
      if (fits(all[i]!)) page.push(all[i]!);
    }
    const total = part === "" ? all.length : all.filter(fits).length;
    const more = page.length > pageSize;
    if (more) page.pop();
    return create(IdentityPageSchema, {
      identities: page.map((identity) => this.#catalogue.shown(identity)),
      nextPageToken: more ? tokenOf(page.at(-1)!) : "",
      total,
    });
  }

  async get(identityId: string): Promise<Identity> {
    await this.#caughtUp();
    return this.#catalogue.shown(this.#identity(identityId));
  }

  async rename(identityId: string, name: string): Promise<Identity> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      await this.#caughtUp();
      const { id, consent, createdAtMs, revision } = this.#identity(identityId);
      const renamed = await this.#record.updateIdentity({ id, name, consent, createdAtMs }, revision);
      if (renamed === undefined) continue;
      await this.#follower.reached(renamed);
      return this.#catalogue.shown(this.#identity(identityId));
    }
    throw contended();
  }

  async merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity> {
    await this.#caughtUp();
    this.#identity(fromIdentityId);
    this.#identity(intoIdentityId);
    await this.#moveFaces(fromIdentityId, intoIdentityId);
    await this.#record.delete(identityKey(fromIdentityId));
    // Those that were added before the identity was gone; later ones find it gone themselves.
    await this.#moveFaces(fromIdentityId, intoIdentityId);
    await this.#caughtUp();
    if (!this.#catalogue.identity(intoIdentityId)) await this.#deleteFaces(intoIdentityId);
    return this.#catalogue.shown(this.#identity(intoIdentityId));
  }

  async hasFace(faceId: string): Promise<boolean> {
    await this.#caughtUp();
    return this.#catalogue.face(faceId) !== undefined;
  }

  async facesOf(identityId: string): Promise<string[]> {
    await this.#caughtUp();
    this.#identity(identityId);
    return this.#catalogue.facesOf(identityId).map(({ face }) => face.id);
  }

  async deleteFace(faceId: string): Promise<string[]> {
    await this.#caughtUp();
    if (!this.#catalogue.face(faceId)) throw new StageFailure("face_not_found");
    await this.#record.delete(faceKey(faceId));
    await this.#caughtUp();
    return [faceId];
  }

  async deleteIdentity(identityId: string): Promise<string[]> {
    await this.#caughtUp();
    this.#identity(identityId);
    const deleted = await this.#deleteFaces(identityId);
    await this.#record.delete(identityKey(identityId));
    // As in a merge.
    return [...deleted, ...(await this.#deleteFaces(identityId))];
  }

  async statistics() {
    await this.#caughtUp();
    return { identities: this.#catalogue.identities, faces: this.#catalogue.faces };
  }

  async faces(count: number, cursor: string): Promise<FaceRow[]> {
    if (!/^[A-Za-z0-9_-]{0,64}$/.test(cursor)) throw badRequest("this page token was never given");
    await this.#caughtUp();
    return this.#catalogue.facesBehind(cursor, count).map((entry) => ({
      face: this.#exported(entry),
      cursor: entry.face.id,
    }));
  }

  ready(): boolean {
    return this.#follower.following();
  }

  async close(): Promise<void> {
    const whole = this.#follower.following();
    await this.#follower.close();
    if (whole) await this.saveSnapshot();
  }

  /** Never rejects: a start without one is slower, not wrong. */
  async saveSnapshot(): Promise<void> {
    const { snapshot, saved, log } = this.#saving;
    const { position } = this.#follower;
    if (!snapshot || !position) return;
    if (saved?.created === position.created && saved.revision === position.revision) return;
    try {
      await snapshot.save(this.#catalogue, position);
      this.#saving.saved = position;
    } catch (err) {
      log.warn({ err }, "no snapshot of the gallery could be saved");
    }
  }

  /** What anybody has changed before this call is in memory after it. */
  async #caughtUp(): Promise<void> {
    this.#follower.mustServe();
    await this.#follower.reached(await this.#record.lastRevision());
  }

  #identity(id: string): IdentityEntry {
    const identity = this.#catalogue.identity(id);
    if (!identity) throw new StageFailure("identity_not_found");
    return identity;
  }

  #exported(entry: FaceEntry) {
    const { name, consent } = this.#identity(entry.identityId);
    const embedding = embeddingToBytes(this.#catalogue.vectorOf(entry)!);
    return create(ExportedFaceSchema, {
      identityId: entry.identityId,
      name,
      consent,
      face: entry.face,
      embedding,
    });
  }

  async #moveFaces(from: string, into: string): Promise<void> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      await this.#caughtUp();
      const faces = this.#catalogue.facesOf(from);
      if (faces.length === 0) return;
      await inLanes(faces, async (entry) => {
        const vector = this.#catalogue.vectorOf(entry);
        if (vector) await this.#record.moveFace(entry.face, vector, into, entry.revision);
      });
    }
    throw contended();
  }

  async #deleteFaces(identityId: string): Promise<string[]> {
    await this.#caughtUp();
    const ids = this.#catalogue.facesOf(identityId).map(({ face }) => face.id);
    await inLanes(ids, (id) => this.#record.delete(faceKey(id)));
    await this.#caughtUp();
    return ids;
  }
}

function applyTo(catalogue: Catalogue, changes: readonly Change[], log: Log): void {
  for (const { key, revision, value } of changes) {
    const [kind, id = ""] = key.split(".");
    try {
      if (kind === "identity") {
        if (value) {
          const identity = identityOf(value);
          catalogue.putIdentity({ ...identity, folded: folded(identity.name), revision });
        } else catalogue.deleteIdentity(id);
      } else if (kind === "face") {
        if (value) putFace(catalogue, value, revision);
        else catalogue.deleteFace(id);
      }
    } catch (err) {
      // Written by nobody that we know: the rest of the gallery is not to suffer.
      log.error({ err, kind, revision }, "an unreadable record of the gallery");
    }
  }
}

function putFace(catalogue: Catalogue, value: Uint8Array, revision: number): void {
  const { identityId, face, embedding } = faceOf(value);
  if (!face) throw new Error("a face without an id");
  const digest = digestOf(embedding);
  const known = catalogue.face(face.id);
  if (known?.digest === digest && known.face.model === face.model) {
    catalogue.replaceFace({ face, identityId, digest, key: known.key, revision });
  } else {
    const vector = embeddingFromBytes(embedding);
    catalogue.putFace({ face, identityId, digest, key: catalogue.nextKey(), revision }, vector);
  }
}

/** 48 bits of a hash. */
function digestOf(embedding: Uint8Array): number {
  return createHash("sha256").update(embedding).digest().readUIntBE(0, 6);
}

function tokenOf({ folded: name, id }: IdentityEntry): string {
  return Buffer.from(JSON.stringify([name, id])).toString("base64url");
}

/** @throws StageFailure bad_request */
function readToken(token: string): [name: string, id: string] {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (Array.isArray(read) && read.length === 2 && read.every((part) => typeof part === "string")) {
      return read as [string, string];
    }
  } catch {
    // Not one of ours.
  }
  throw badRequest("this page token was never given");
}

function isFull(error: unknown): boolean {
  return error instanceof StageFailure && error.code === "gallery_full";
}

function contended(): StageFailure {
  return new StageFailure("gallery_unavailable", "others change the same part of the gallery all the time");
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, items.length) }, lane));
}
