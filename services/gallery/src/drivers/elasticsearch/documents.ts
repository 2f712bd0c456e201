import {
  GalleryFaceSchema,
  create,
  embeddingFromBytes,
  embeddingToBytes,
  nameKey,
  type GalleryFace,
} from "@similarfaces/contracts";
import type { StoredVector } from "../driver.js";
import type { FaceRecord, IdentityRecord } from "../identityRecord.js";
import type { BulkOperation } from "./bulk.js";

export interface IdentityDocument {
  kind: "identity";
  identity_id: string;
  name: string;
  /** What names are ordered by and looked for in. */
  name_key: string;
  consent: string;
  created_at_ms: number;
  face_ids: string[];
  /** Oldest first. */
  faces: FaceEntry[];
}

interface FaceEntry {
  id: string;
  model: string;
  created_at_ms: number;
  source_job_id: string;
  source: string;
  /** SHA-256 of its photo, where that is known. */
  photo_digest?: string;
  /** In pixels of its portrait, where that has them. */
  eyes?: { left: XY; right: XY };
  digest: string;
}

interface XY {
  x: number;
  y: number;
}

export interface FaceDocument {
  kind: "face";
  face_id: string;
  identity_id: string;
  model: string;
  /** Base64 of little-endian float32. */
  embedding: string;
  /** Not in the source that the server gives back. */
  vector?: number[];
}

/** Of what goes on over several changes (GalleryNotes). */
export interface NoteDocument {
  kind: "note";
  note: unknown;
}

/** Which write of an identity or a note was read; guards the write that follows. */
export interface Version {
  if_seq_no: number;
  if_primary_term: number;
}

/** Document ids; the kinds share an index. */
export const identityKey = (identityId: string) => `i:${identityId}`;
export const faceKey = (faceId: string) => `f:${faceId}`;
export const noteKey = (name: string) => `n:${name}`;

export function ofKind(kind: "identity" | "face" | "note") {
  return { term: { kind } };
}

/** Writes the identity if it still is what it was read as. */
export function writeIdentity(record: IdentityRecord): BulkOperation {
  const _id = identityKey(record.id);
  const version = record.version as Version | undefined;
  const action = version ? { index: { _id, ...version } } : { create: { _id } };
  return { action, document: identityDocument(record) };
}

export function removeIdentity({ id, version }: IdentityRecord): BulkOperation {
  return { action: { delete: { _id: identityKey(id), ...(version as Version | undefined) } } };
}

export function writeFace({ face, identityId, embedding }: StoredVector): BulkOperation {
  const document: FaceDocument = {
    kind: "face",
    face_id: face.id,
    identity_id: identityId,
    model: face.model,
    embedding: Buffer.from(embeddingToBytes(embedding)).toString("base64"),
    vector: numbersOf(embedding),
  };
  return { action: { index: { _id: faceKey(face.id) } }, document };
}

export function removeFace(faceId: string): BulkOperation {
  return { action: { delete: { _id: faceKey(faceId) } } };
}

/** Writes the note if it still is what it was read as, or if there is none. */
export function writeNote(name: string, note: unknown, version: Version | undefined): BulkOperation {
  const _id = noteKey(name);
  const document: NoteDocument = { kind: "note", note };
  return { action: version ? { index: { _id, ...version } } : { create: { _id } }, document };
}

export function removeNote(name: string, version: Version): BulkOperation {
  return { action: { delete: { _id: noteKey(name), ...version } } };
}

/** What was read, to be written under the same id; a face's document is read without its vector. */
export function writeAgain(
  _id: string,
  document: IdentityDocument | FaceDocument | NoteDocument,
): BulkOperation {
  const whole =
    document.kind === "face" ? { ...document, vector: numbersOf(embeddingOf(document)) } : document;
  return { action: { index: { _id } }, document: whole };
}

export function embeddingOf({ embedding }: Pick<FaceDocument, "embedding">): Float32Array {
  return embeddingFromBytes(Buffer.from(embedding, "base64"));
}

/** Nine digits identify any float32, in half the text. */
export function numbersOf(embedding: Float32Array): number[] {
  return Array.from(embedding, (value) => Number(value.toPrecision(9)));
}

export function recordOf(document: IdentityDocument, version?: Version): IdentityRecord {
  return {
    id: document.identity_id,
    name: document.name,
    consent: document.consent,
    createdAtMs: document.created_at_ms,
    faces: document.faces.map((entry) => ({ face: galleryFaceOf(entry), digest: entry.digest })),
    version,
  };
}

function identityDocument({ id, name, consent, createdAtMs, faces }: IdentityRecord): IdentityDocument {
  return {
    kind: "identity",
    identity_id: id,
    name,
    name_key: nameKey(name),
    consent,
    created_at_ms: createdAtMs,
    face_ids: faces.map(({ face }) => face.id),
    faces: faces.map(faceEntryOf),
  };
}

function faceEntryOf({ face, digest }: FaceRecord): FaceEntry {
  const { left, right } = face.eyes ?? {};
  return {
    id: face.id,
    model: face.model,
    created_at_ms: face.createdAtMs,
    source_job_id: face.sourceJobId,
    source: face.source,
    ...(face.photoDigest ? { photo_digest: face.photoDigest } : {}),
    ...(left && right ? { eyes: { left: { x: left.x, y: left.y }, right: { x: right.x, y: right.y } } } : {}),
    digest,
  };
}

function galleryFaceOf(entry: FaceEntry): GalleryFace {
  return create(GalleryFaceSchema, {
    id: entry.id,
    model: entry.model,
    createdAtMs: entry.created_at_ms,
    sourceJobId: entry.source_job_id,
    source: entry.source,
    ...(entry.photo_digest ? { photoDigest: entry.photo_digest } : {}),
    ...(entry.eyes ? { eyes: entry.eyes } : {}),
  });
}
