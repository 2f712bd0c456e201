import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { GalleryFaceSchema, create, nameKey, type GalleryFace } from "@similarfaces/contracts";
import type { Position } from "../follower.js";
import type { Catalogue, FaceEntry, IdentityEntry } from "../memory/catalogue.js";
import { CHUNK_ROWS, emptyRows, setRow } from "../memory/vectorMatrix.js";
import { SealedReader, SealedWriter } from "./sealedFile.js";

/** Of the file's layout. A file of another layout is ignored, and written anew after the bucket has been read. */
const VERSION = 6;
/** Marks of deletions are kept longer than this (driver.ts), so that what a snapshot has missed can be replayed. */
export const SNAPSHOT_AGE_MAX_MS = 7 * 86_400_000;

/** The first section of the file. */
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
  createdAtMs: number,
  sourceJobId: string,
  source: string,
  photoDigest: string,
  eyes: EyesRow | null,
  digest: string,
  revision: number,
];
type EyesRow = [leftX: number, leftY: number, rightX: number, rightY: number];

/** The faces whose vectors follow it, in their order. */
interface FaceBlock {
  model: string;
  faces: FaceRow[];
}

/**
 * Everything in memory as one file, with the position up to which it was read, so that a restart reads only what has
 * changed since. Sections, each with its checksum: the head; identities, as JSON; faces of one model, as JSON, with their
 * vectors, signs and lengths byte by byte as in memory, so that they are read straight into it.
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
      const reader = await SealedReader.of(file);
      const head = (await reader.json()) as Head;
      const old = Date.now() - head.savedAtMs > SNAPSHOT_AGE_MAX_MS;
      if (head.version !== VERSION || head.bucket !== this.#bucket || old) return undefined;
      await reader.check();
      while (catalogue.identities < head.identities) await loadIdentities(reader, catalogue);
      while (catalogue.faces < head.faces) await loadFaces(reader, catalogue);
      return head.position;
    } finally {
      await file.close();
    }
  }

  /** The gallery may change meanwhile: whoever loads the file replays the changes from the position on. */
  async save(catalogue: Catalogue, position: Position): Promise<void> {
    const forgotten = this.#forgotten;
    // In the order of the lists in memory, because sorting what is sorted is fast.
    const identities = [...catalogue.identitiesByName()];
    const faces = [...catalogue.facesById()];
    const counts = { identities: identities.length, faces: faces.length };
    const head: Head = { version: VERSION, bucket: this.#bucket, position, savedAtMs: Date.now(), ...counts };
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${randomUUID()}`;
    const file = await open(temporary, "wx", 0o600);
    try {
      const writer = new SealedWriter(file);
      await writer.json(head);
      await writer.seal();
      for (let i = 0; i < identities.length; i += CHUNK_ROWS) {
        await writer.json(identities.slice(i, i + CHUNK_ROWS).map(identityRow));
        await writer.seal();
      }
      for (const [model, ofModel] of byModel(faces)) {
        for (let i = 0; i < ofModel.length; i += CHUNK_ROWS) {
          await saveFaces(writer, catalogue, model, ofModel.slice(i, i + CHUNK_ROWS));
          if (this.#forgotten !== forgotten) return;
        }
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

async function loadIdentities(reader: SealedReader, catalogue: Catalogue): Promise<void> {
  const rows = (await reader.json()) as IdentityRow[];
  await reader.check();
  for (const [id, name, consent, createdAtMs, revision] of rows) {
    catalogue.putIdentity({ id, name, key: nameKey(name), consent, createdAtMs, revision });
  }
}

async function loadFaces(reader: SealedReader, catalogue: Catalogue): Promise<void> {
  const { model, faces } = (await reader.json()) as FaceBlock;
  const entries = faces.map((row): FaceEntry => {
    const [id, identityId, createdAtMs, sourceJobId, source, photoDigest, eyes, digest, revision] = row;
    const portrayed = eyes ? { eyes: eyesOf(eyes) } : {};
    const origin = { createdAtMs, sourceJobId, source, photoDigest };
    const face = create(GalleryFaceSchema, { id, model, ...origin, ...portrayed });
    return { face, identityId, digest, key: catalogue.nextKey(), revision };
  });
  const parts = catalogue.putFaces(model, entries);
  for (const { vectors } of parts) await reader.readInto(vectors);
  for (const { signs } of parts) await reader.readInto(signs);
  for (const { inverseNorms } of parts) await reader.readInto(inverseNorms);
  await reader.check();
}

async function saveFaces(
  writer: SealedWriter,
  catalogue: Catalogue,
  model: string,
  entries: readonly FaceEntry[],
): Promise<void> {
  const block: FaceBlock = { model, faces: entries.map(faceRow) };
  const rows = emptyRows(entries.length);
  for (const [i, entry] of entries.entries()) {
    const row = catalogue.rowOf(entry);
    // Deleted while this is written: its deletion is replayed at the next start.
    if (row) setRow(rows, i, row);
  }
  await writer.json(block);
  for (const part of [rows.vectors, rows.signs, rows.inverseNorms]) await writer.write(part);
  await writer.seal();
}

function byModel(faces: readonly FaceEntry[]): Map<string, FaceEntry[]> {
  const models = new Map<string, FaceEntry[]>();
  for (const entry of faces) {
    const ofModel = models.get(entry.face.model);
    if (ofModel) ofModel.push(entry);
    else models.set(entry.face.model, [entry]);
  }
  return models;
}

function identityRow({ id, name, consent, createdAtMs, revision }: IdentityEntry): IdentityRow {
  return [id, name, consent, createdAtMs, revision];
}

function faceRow({ face, identityId, digest, revision }: FaceEntry): FaceRow {
  const { id, createdAtMs, sourceJobId, source, photoDigest } = face;
  return [id, identityId, createdAtMs, sourceJobId, source, photoDigest, eyesRow(face), digest, revision];
}

function eyesRow({ eyes }: GalleryFace): EyesRow | null {
  const { left, right } = eyes ?? {};
  return left && right ? [left.x, left.y, right.x, right.y] : null;
}

function eyesOf([leftX, leftY, rightX, rightY]: EyesRow) {
  return { left: { x: leftX, y: leftY }, right: { x: rightX, y: rightY } };
}
