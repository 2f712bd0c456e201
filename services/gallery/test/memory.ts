import { nameKey } from "@similarfaces/contracts";
import type { FaceRecord, IdentityRecord } from "../src/drivers/identityRecord.js";
import type {
  ComparedModels,
  GalleryDriver,
  GalleryNotes,
  GalleryRecords,
  GalleryVectors,
  Note,
  StoredVector,
} from "../src/drivers/driver.js";

/** What replicas share. */
export interface MemoryStore {
  /** By id; each write of one is a new object, which is its version. */
  readonly identities: Map<string, IdentityRecord>;
  readonly vectors: Map<string, StoredVector>;
  readonly notes: Map<string, Note>;
}

export function memoryStore(): MemoryStore {
  return { identities: new Map(), vectors: new Map(), notes: new Map() };
}

/** The whole contract of a driver on two maps: for tests, and the shortest example of one. */
export function openMemoryGallery(store: MemoryStore, models: ComparedModels): GalleryDriver {
  return {
    name: "memory",
    records: createRecords(store, models),
    vectors: createVectors(store, models),
    notes: createNotes(store),
    ready: () => true,
    close: async () => {},
  };
}

function createRecords({ identities, vectors }: MemoryStore, models: ComparedModels): GalleryRecords {
  /** Nothing that a caller holds changes what is stored. */
  const read = (id: string): IdentityRecord | undefined => {
    const stored = identities.get(id);
    return stored && { ...stored, faces: stored.faces.map(copyOf), version: stored };
  };
  const ownerOf = (faceId: string) =>
    [...identities.values()].find((identity) => lists(identity, faceId))?.id;

  return {
    read: async (identityIds) => identityIds.map(read),

    async write({ version, ...record }) {
      if (identities.get(record.id) !== version) return undefined;
      identities.set(record.id, { ...record, faces: record.faces.map(copyOf) });
      return read(record.id);
    },

    async remove({ id, version }) {
      return identities.get(id) === version && identities.delete(id);
    },

    named: async (key) => [...identities.values()].filter(({ name }) => nameKey(name) === key),

    owners: async (faceIds) => faceIds.map(ownerOf),

    async namesOf(hits) {
      return hits.map(({ faceId, identityId }) => {
        const identity = identities.get(identityId);
        return identity && lists(identity, faceId) ? identity.name : undefined;
      });
    },

    async list({ keyPart, count, after }) {
      const found = [...identities.values()]
        .map(({ id, name }) => ({ id, key: nameKey(name) }))
        .filter(({ key }) => key.includes(keyPart))
        .sort((a, b) => compare(a.key, b.key) || compare(a.id, b.id));
      const first = after
        ? found.findIndex(({ key, id }) => (compare(key, after.key) || compare(id, after.id)) > 0)
        : 0;
      const page = first < 0 ? [] : found.slice(first, first + count);
      return { records: page.flatMap(({ id }) => read(id) ?? []), total: found.length };
    },

    async faces(count, after) {
      const page = [...identities.values()]
        .flatMap((identity) => identity.faces.map(({ face }) => ({ identity, face })))
        .filter(({ face }) => face.id > after)
        .sort((a, b) => compare(a.face.id, b.face.id))
        .slice(0, count);
      return { faces: page, next: page.length < count ? undefined : page.at(-1)!.face.id };
    },

    async count() {
      const faces = [...vectors.values()];
      const others = faces.map(({ face }) => face.model).filter((model) => !models.includes(model));
      const notSearched = [...new Set(others)]
        .map((model) => ({ model, faces: others.filter((other) => other === model).length }))
        .sort((a, b) => b.faces - a.faces || compare(a.model, b.model));
      return { identities: identities.size, faces: faces.length, notSearched };
    },
  };
}

function createVectors({ vectors }: MemoryStore, models: ComparedModels): GalleryVectors {
  return {
    async put(added) {
      for (const vector of added) {
        vectors.set(vector.face.id, { ...vector, embedding: vector.embedding.slice() });
      }
      return true;
    },

    async remove(faceIds) {
      for (const id of faceIds) vectors.delete(id);
    },

    get: async (faceIds) => faceIds.map((id) => vectors.get(id)?.embedding.slice()),

    async storedFor(identityId) {
      return [...vectors.values()]
        .filter((vector) => vector.identityId === identityId)
        .map(({ face }) => face.id);
    },

    async countFor(identityIds) {
      return [...vectors.values()].filter(({ identityId }) => identityIds.includes(identityId)).length;
    },

    async nearest({ probe, withoutIdentities, withoutFaces }) {
      const ofModel = [...vectors.values()].filter(({ face }) => models.includes(face.model));
      const hits = ofModel
        .filter(
          ({ face, identityId }) =>
            !withoutIdentities.includes(identityId) && !withoutFaces.includes(face.id),
        )
        .map(({ face, identityId, embedding }) => ({
          faceId: face.id,
          identityId,
          similarity: cosine(probe, embedding),
        }))
        .sort((a, b) => b.similarity - a.similarity);
      return { hits, more: false, searched: ofModel.length };
    },
  };
}

function createNotes({ notes }: MemoryStore): GalleryNotes {
  return {
    read: async (name) => notes.get(name),

    async write(name, value, version) {
      if (notes.get(name)?.version !== version) return undefined;
      const note = { value: structuredClone(value), version: {} };
      notes.set(name, note);
      return note;
    },

    async remove(name, version) {
      if (notes.get(name)?.version === version) notes.delete(name);
    },
  };
}

function lists({ faces }: IdentityRecord, faceId: string): boolean {
  return faces.some(({ face }) => face.id === faceId);
}

function copyOf({ face, digest }: FaceRecord): FaceRecord {
  return { face: { ...face }, digest };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
}
