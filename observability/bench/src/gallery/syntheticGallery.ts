import { EMBEDDING_SIZE, GalleryFaceSchema, create } from "@similarfaces/contracts";
import type { Identities } from "@similarfaces/gallery";
import { MODEL } from "./stores.js";
import { FACES_PER_PERSON } from "./syntheticFaces.js";

/** People whose faces are added in turns. */
export const PEOPLE_AT_ONCE = 64;
const ADDS_AT_ONCE = 64;

export interface Faces {
  /** The first row to add, and the first not to. */
  from: number;
  to: number;
  /** Where embeddings are kept too, row by row. */
  vectors?: Float32Array;
  /** Another embedding of a person. */
  next(person: number): Float32Array;
  onAdded(): void;
}

/** Adds the faces of the rows `from` to `to`, some at once. */
export async function addFaces(
  gallery: Identities,
  { from, to, vectors, next, onAdded }: Faces,
): Promise<void> {
  let face = from;
  const lane = async () => {
    while (face < to) {
      const row = face++;
      const embedding = next(personOf(row));
      vectors?.set(embedding, row * EMBEDDING_SIZE);
      await gallery.add(newFace(`f${row}`, identityOf(row), embedding));
      onAdded();
    }
  };
  await Promise.all(Array.from({ length: ADDS_AT_ONCE }, lane));
}

/** Some people at once, face by face, then the next: at every size all but the last have ten faces. */
export function personOf(row: number): number {
  const group = Math.floor(row / (PEOPLE_AT_ONCE * FACES_PER_PERSON));
  return group * PEOPLE_AT_ONCE + (row % PEOPLE_AT_ONCE);
}

/** The identity that the face of a row belongs to. */
export function identityOf(row: number): string {
  return `p${personOf(row)}`;
}

export function newFace(id: string, identityId: string, embedding: Float32Array) {
  return {
    as: "any" as const,
    face: create(GalleryFaceSchema, {
      id: id.padStart(22, "0"),
      model: MODEL,
      createdAtMs: Date.now(),
      sourceJobId: "0123456789abcdefghijklmnopqrstuvwxyz",
      source: `people/${identityId}/${id}.jpg`,
    }),
    identity: { id: identityId, name: `Person ${identityId}`, consent: "synthetic", createdAtMs: Date.now() },
    embedding,
  };
}
