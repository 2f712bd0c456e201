import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { EMBEDDING_BYTES, EMBEDDING_SIZE, GalleryFaceSchema, create } from "@similarfaces/contracts";
import { folded, type Catalogue, type FaceEntry, type IdentityEntry } from "./catalogue.js";
import type { Position } from "./follower.js";

/** Of the file's layout. */
const VERSION = 1;
/** Marks of deletions are kept longer than this (nats.ts), so that what a snapshot has missed can be replayed. */
export const SNAPSHOT_AGE_MAX_MS = 7 * 86_400_000;
const ROWS_PER_BLOCK = 1_000;

/** The first line of the file. */
interface Head {
  version: number;
  bucket: string;
  position: Position;
  savedAtMs: number;
  identities: number;
  faces: number;
}

type IdentityRow = [id: string, name: string, consent: string, createdAtMs: number, revision: number];
type FaceRow = [
  id: string,
  identityId: string,
  model: string,
  createdAtMs: number,
  sourceJobId: string,
  source: string,
  digest: number,
  revision: number,
];

/**
 * Everything in memory as one file, with the position up to which it was read, so that a restart reads only what has
 * changed since. Blocks: two uint32 (bytes of JSON, rows of vectors), the JSON of identities or faces, their vectors.
 * The file is made anew in one step, and forgotten as soon as something in it has been deleted.
 */
export class Snapshot {
  readonly #path: string;
  readonly #bucket: string;
  #there = false;
  /** Counts deletions: a file that was begun before one is not kept. */
  #forgotten = 0;

  constructor(path: string, bucket: string) {
    this.#path = path;
    this.#bucket = bucket;
  }

  /**
   * Fills an empty catalogue. Undefined where there is no file, or none of use.
   * @throws Error where the file is damaged; the catalogue is to be cleared then
   */
  async load(catalogue: Catalogue): Promise<Position | undefined> {
    let file: FileHandle;
    try {
      file = await open(this.#path, "r");
    } catch {
      return undefined;
    }
    this.#there = true;
    try {
      const reader = new Reader(file);
      const head = JSON.parse(await reader.text(await reader.uint32())) as Head;
      const old = Date.now() - head.savedAtMs > SNAPSHOT_AGE_MAX_MS;
      if (head.version !== VERSION || head.bucket !== this.#bucket || old) return undefined;
      while (catalogue.identities < head.identities || catalogue.faces < head.faces) {
        await loadBlock(reader, catalogue);
      }
      return head.position;
    } finally {
      await file.close();
    }
  }

  /** Changes may go on meanwhile: a reader replays them from the position on. */
  async save(catalogue: Catalogue, position: Position): Promise<void> {
    const forgotten = this.#forgotten;
    // In the order in which they are wanted after loading: what is in order is put in order fast.
    const identities = [...catalogue.identitiesByName()];
    const faces = [...catalogue.facesById()];
    const counts = { identities: identities.length, faces: faces.length };
    const head: Head = { version: VERSION, bucket: this.#bucket, position, savedAtMs: Date.now(), ...counts };
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${randomUUID()}`;
    const file = await open(temporary, "wx", 0o600);
    try {
      const json = Buffer.from(JSON.stringify(head));
      await file.write(Buffer.from(Uint32Array.of(json.length).buffer));
      await file.write(json);
      for (let i = 0; i < identities.length; i += ROWS_PER_BLOCK) {
        await writeBlock(file, identities.slice(i, i + ROWS_PER_BLOCK).map(identityRow));
      }
      for (let i = 0; i < faces.length; i += ROWS_PER_BLOCK) {
        const block = faces.slice(i, i + ROWS_PER_BLOCK);
        const vectors = new Float32Array(block.length * EMBEDDING_SIZE);
        for (const [row, entry] of block.entries()) {
          const vector = catalogue.vectorOf(entry);
          if (vector) vectors.set(vector, row * EMBEDDING_SIZE);
        }
        await writeBlock(file, block.map(faceRow), vectors);
        if (this.#forgotten !== forgotten) return;
      }
      await file.sync();
      await rename(temporary, this.#path);
      this.#there = true;
      if (this.#forgotten !== forgotten) this.forget();
    } finally {
      await file.close();
      await rm(temporary, { force: true });
    }
  }

  /** What was deleted is not to stay on the disk. */
  forget(): void {
    this.#forgotten++;
    if (!this.#there) return;
    this.#there = false;
    void rm(this.#path, { force: true }).catch(() => {});
  }
}

async function loadBlock(reader: Reader, catalogue: Catalogue): Promise<void> {
  const jsonBytes = await reader.uint32();
  const vectors = await reader.uint32();
  const rows: unknown = JSON.parse(await reader.text(jsonBytes));
  if (vectors === 0) {
    for (const [id, name, consent, createdAtMs, revision] of rows as IdentityRow[]) {
      catalogue.putIdentity({ id, name, folded: folded(name), consent, createdAtMs, revision });
    }
    return;
  }
  const floats = await reader.floats(vectors * EMBEDDING_SIZE);
  for (const [row, values] of (rows as FaceRow[]).entries()) {
    const [id, identityId, model, createdAtMs, sourceJobId, source, digest, revision] = values;
    const face = create(GalleryFaceSchema, { id, model, createdAtMs, sourceJobId, source });
    const vector = floats.subarray(row * EMBEDDING_SIZE, (row + 1) * EMBEDDING_SIZE);
    catalogue.putFace({ face, identityId, digest, key: catalogue.nextKey(), revision }, vector);
  }
}

function identityRow({ id, name, consent, createdAtMs, revision }: IdentityEntry): IdentityRow {
  return [id, name, consent, createdAtMs, revision];
}

function faceRow({ face, identityId, digest, revision }: FaceEntry): FaceRow {
  const { id, model, createdAtMs, sourceJobId, source } = face;
  return [id, identityId, model, createdAtMs, sourceJobId, source, digest, revision];
}

async function writeBlock(file: FileHandle, rows: unknown[], vectors?: Float32Array): Promise<void> {
  const json = Buffer.from(JSON.stringify(rows));
  const head = Uint32Array.of(json.length, vectors ? rows.length : 0);
  await file.write(Buffer.concat([Buffer.from(head.buffer), json]));
  if (vectors) await file.write(new Uint8Array(vectors.buffer));
}

/** Reads one thing after the other into the same memory: what is returned holds until the next call. */
class Reader {
  readonly #file: FileHandle;
  #memory = Buffer.from(new ArrayBuffer(ROWS_PER_BLOCK * EMBEDDING_BYTES));

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async uint32(): Promise<number> {
    return (await this.#bytes(4)).readUInt32LE();
  }

  async text(bytes: number): Promise<string> {
    return (await this.#bytes(bytes)).toString("utf8");
  }

  async floats(count: number): Promise<Float32Array> {
    const { buffer, byteOffset } = await this.#bytes(count * Float32Array.BYTES_PER_ELEMENT);
    return new Float32Array(buffer, byteOffset, count);
  }

  async #bytes(count: number): Promise<Buffer<ArrayBuffer>> {
    if (count > this.#memory.length) this.#memory = Buffer.from(new ArrayBuffer(count));
    for (let at = 0; at < count;) {
      const { bytesRead } = await this.#file.read(this.#memory, at, count - at);
      if (bytesRead === 0) throw new Error("the snapshot is cut short");
      at += bytesRead;
    }
    return this.#memory.subarray(0, count);
  }
}
