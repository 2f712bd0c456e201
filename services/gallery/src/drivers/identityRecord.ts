import { createHash } from "node:crypto";
import type { GalleryFace } from "@similarfaces/contracts";

/** An identity and the faces that it lists. */
export interface IdentityRecord {
  readonly id: string;
  readonly name: string;
  readonly consent: string;
  readonly createdAtMs: number;
  /** Oldest first, each once. */
  readonly faces: readonly FaceRecord[];
  /** The driver's own: which state was read, and so which a write may replace. Missing where there is no identity yet. */
  readonly version?: unknown;
}

export interface FaceRecord {
  readonly face: GalleryFace;
  /** `digestOf` its embedding, by which equal embeddings are found without reading them. */
  readonly digest: string;
}

/** The record with these faces, oldest first, each once. */
export function withFaces(record: IdentityRecord, faces: readonly FaceRecord[]): IdentityRecord {
  const byId = new Map(faces.map((one) => [one.face.id, one]));
  return { ...record, faces: [...byId.values()].sort((a, b) => byAge(a.face, b.face)) };
}

export function byAge(a: GalleryFace, b: GalleryFace): number {
  return a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);
}

/** 132 bits of a hash of an embedding's bytes, as messages carry them. */
export function digestOf(embedding: Uint8Array): string {
  return createHash("sha256").update(embedding).digest("base64url").slice(0, 22);
}
