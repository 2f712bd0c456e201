import { createHash } from "node:crypto";
import {
  ExportedFaceSchema,
  GalleryFaceSchema,
  IdentitySchema,
  create,
  embeddingFromBytes,
  embeddingToBytes,
  type ExportedFace,
  type GalleryFace,
  type Identity,
} from "@similarfaces/contracts";
import type { DriverFace } from "../../operations/gallery.js";

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

export interface FaceEntry {
  id: string;
  model: string;
  created_at_ms: number;
  source_job_id: string;
  source: string;
  /** Of the embedding: tells the same vector from another without it. */
  digest: string;
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

/** Document ids; the kinds share an index. */
export const identityKey = (identityId: string) => `i:${identityId}`;
export const faceKey = (faceId: string) => `f:${faceId}`;

export function nameKey(name: string): string {
  return name.toLowerCase();
}

export function newIdentityDocument({ identity }: DriverFace): IdentityDocument {
  return {
    kind: "identity",
    identity_id: identity.id,
    name: identity.name,
    name_key: nameKey(identity.name),
    consent: identity.consent,
    created_at_ms: identity.createdAtMs,
    face_ids: [],
    faces: [],
  };
}

/** The identity with these faces; each is listed once. */
export function withFaces(document: IdentityDocument, faces: readonly FaceEntry[]): IdentityDocument {
  const byId = new Map(faces.map((face) => [face.id, face]));
  const listed = [...byId.values()].sort(
    (a, b) => a.created_at_ms - b.created_at_ms || (a.id < b.id ? -1 : 1),
  );
  return { ...document, faces: listed, face_ids: listed.map(({ id }) => id) };
}

export function faceEntry({ face, embedding }: DriverFace): FaceEntry {
  return {
    id: face.id,
    model: face.model,
    created_at_ms: face.createdAtMs,
    source_job_id: face.sourceJobId,
    source: face.source,
    digest: digestOf(embedding),
  };
}

export function faceDocument({ face, identity, embedding }: DriverFace): FaceDocument {
  return {
    kind: "face",
    face_id: face.id,
    identity_id: identity.id,
    model: face.model,
    embedding: Buffer.from(embeddingToBytes(embedding)).toString("base64"),
    vector: vectorOf(embedding),
  };
}

/** What was read, as it has to be written: a partial update would lose the vector. */
export function withVector(document: FaceDocument): FaceDocument {
  return { ...document, vector: vectorOf(embeddingFromBytes(Buffer.from(document.embedding, "base64"))) };
}

/** Nine digits tell any two float32 apart, and are half the text. */
export function vectorOf(embedding: Float32Array): number[] {
  return Array.from(embedding, (value) => Number(value.toPrecision(9)));
}

function digestOf(embedding: Float32Array): string {
  return createHash("sha256").update(embeddingToBytes(embedding)).digest("base64url").slice(0, 22);
}

export function identityOf(document: IdentityDocument): Identity {
  return create(IdentitySchema, {
    id: document.identity_id,
    name: document.name,
    consent: document.consent,
    createdAtMs: document.created_at_ms,
    faces: document.faces.map(galleryFaceOf),
  });
}

export function exportedFaceOf(
  face: FaceDocument,
  identity: IdentityDocument,
  entry: FaceEntry,
): ExportedFace {
  return create(ExportedFaceSchema, {
    identityId: identity.identity_id,
    name: identity.name,
    consent: identity.consent,
    face: galleryFaceOf(entry),
    embedding: Uint8Array.from(Buffer.from(face.embedding, "base64")),
  });
}

function galleryFaceOf(entry: FaceEntry): GalleryFace {
  return create(GalleryFaceSchema, {
    id: entry.id,
    model: entry.model,
    createdAtMs: entry.created_at_ms,
    sourceJobId: entry.source_job_id,
    source: entry.source,
  });
}
