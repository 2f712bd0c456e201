import type { GalleryFace } from "@similarfaces/contracts";
import type { IdentityRecord } from "./identityRecord.js";

/**
 * Names of the models whose vectors are compared with each other, as results have them: the one in use first, then other variants of it whose
 * embeddings are of the same space.
 */
export type ComparedModels = readonly [string, ...string[]];

/**
 * Where a gallery is kept: records say who is in it, vectors are what is searched. A driver gets input that has been
 * checked, and knows nothing of portraits, page tokens and retries: operations/ has those, once for all drivers.
 *
 * Every method throws StageFailure: gallery_unavailable while the store does not answer, gallery_full when it takes
 * nothing more.
 */
export interface GalleryDriver {
  /** As GALLERY_DRIVER names it, and metrics. */
  readonly name: string;
  readonly records: GalleryRecords;
  readonly vectors: GalleryVectors;
  readonly notes: GalleryNotes;
  /**
   * Writes both sides of a change in one request, for a driver that keeps them in one store. Without it, vectors are
   * written first and the record after them.
   * @returns as `records.write` does; a removed record as it was given
   */
  commit?(change: Change): Promise<IdentityRecord | undefined>;
  /** False while it cannot answer. */
  ready(): boolean;
  /** Called once; leaves behind what makes the next start fast. */
  close(): Promise<void>;
}

/** One identity, and the vectors that come or go with the change. */
export interface Change {
  readonly record: IdentityRecord;
  /** The identity itself is to go. */
  readonly removed?: boolean;
  readonly put?: readonly StoredVector[];
  /** Ids of faces. */
  readonly remove?: readonly string[];
}

/**
 * Identities with name, consent and the faces that belong to them. A face is in the gallery if an identity lists it,
 * whatever vectors there are. `read` sees every write that was acknowledged before, by whatever replica; lists, counts and
 * searches see those of this process, and those of other replicas within a second.
 */
export interface GalleryRecords {
  /** Of each id, in this order. */
  read(identityIds: readonly string[]): Promise<(IdentityRecord | undefined)[]>;
  /**
   * Stores an identity as it is given, unless another replica has changed it since it was read.
   * @returns what is stored now; undefined where another replica was faster: then the identity has to be read again
   */
  write(record: IdentityRecord): Promise<IdentityRecord | undefined>;
  /**
   * With `leavesFaces`, vectors that are stored for the identity stay behind, of faces that nobody lists.
   * @returns false where another replica has changed the identity since it was read
   */
  remove(record: IdentityRecord, options?: { leavesFaces: boolean }): Promise<boolean>;
  /** Those whose name has exactly this key, as every replica has left them. */
  named(key: string): Promise<Pick<IdentityRecord, "id" | "name">[]>;
  /**
   * Of each face, in this order, the identity that lists it. A driver that finds the identity by the face's vector misses a
   * face that lost its vector, unless the search is to be `thorough`: then it goes through the identities.
   */
  owners(faceIds: readonly string[], options: { thorough: boolean }): Promise<(string | undefined)[]>;
  /** Of each hit of a search, in this order, the name of its identity; undefined where that does not list the face (any more). */
  namesOf(hits: readonly { faceId: string; identityId: string }[]): Promise<(string | undefined)[]>;
  /** Ordered by the key of their names (nameKey), then by id. */
  list(question: ListQuestion): Promise<{ records: IdentityRecord[]; total: number }>;
  /** In the order of their ids, at most `count` of those after `after` ("" for the first); `next` continues, undefined at the end. */
  faces(count: number, after: string): Promise<{ faces: ListedFace[]; next: string | undefined }>;
  /** Faces of models that no search goes through are among `faces`, and apart in `notSearched`. */
  count(): Promise<GalleryCount>;
}

export interface GalleryCount {
  identities: number;
  faces: number;
  /** By model, those with most faces first. */
  notSearched: { model: string; faces: number }[];
}

export interface ListQuestion {
  /** Part of a name's key; "" for all. */
  readonly keyPart: string;
  readonly count: number;
  /** The list begins after this one. */
  readonly after: { key: string; id: string } | undefined;
}

export interface ListedFace {
  readonly identity: Pick<IdentityRecord, "id" | "name" | "consent">;
  readonly face: GalleryFace;
}

/** Embeddings by face, and the search for the nearest of those of the driver's models. */
export interface GalleryVectors {
  /**
   * Stores vectors, each in place of the one that its face had.
   * @returns false where another replica was faster: then the identity has to be read again
   */
  put(vectors: readonly StoredVector[]): Promise<boolean>;
  /** Ids without a vector are ignored. */
  remove(faceIds: readonly string[]): Promise<void>;
  /** Of each face, in this order: 512 float32, bit by bit as they were put. */
  get(faceIds: readonly string[]): Promise<(Float32Array | undefined)[]>;
  /** Ids of faces whose vectors were put for this identity, whether it lists them or not: some of them, or none where there is none. */
  storedFor(identityId: string): Promise<string[]>;
  /** How many vectors were put for these identities, whether those list them or not. */
  countFor(identityIds: readonly string[]): Promise<number>;
  /**
   * Nearest first, for as many identities as are wanted: the nearest face of each, perhaps others among them. `more` is
   * whether there are further hits, `searched` the number of vectors of the models.
   */
  nearest(question: NearestQuestion): Promise<{ hits: VectorHit[]; more: boolean; searched: number }>;
}

/**
 * Small documents beside the records, for what takes more than one change and outlives the process that began it. What is read is what any
 * replica has written last.
 */
export interface GalleryNotes {
  read(name: string): Promise<Note | undefined>;
  /**
   * In place of the one that was read as `version`; without it, there has to be none.
   * @param name letters, digits, `-` and `_`
   * @returns undefined where another replica was faster
   */
  write(name: string, value: unknown, version?: unknown): Promise<Note | undefined>;
  /** Does nothing where another replica was faster. */
  remove(name: string, version: unknown): Promise<void>;
}

export interface Note {
  /** Plain JSON. */
  readonly value: unknown;
  /** The driver's own. */
  readonly version: unknown;
}

export interface StoredVector {
  /** All that is known of the face, for a driver that keeps it in one message with the vector. */
  readonly face: GalleryFace;
  readonly identityId: string;
  /** 512 float32, L2-normalised. */
  readonly embedding: Float32Array;
}

export interface NearestQuestion {
  readonly probe: Float32Array;
  /** Identities that are wanted. */
  readonly count: number;
  /** Their faces are no hits, nor are `withoutFaces`. */
  readonly withoutIdentities: readonly string[];
  readonly withoutFaces: readonly string[];
}

export interface VectorHit {
  readonly faceId: string;
  readonly identityId: string;
  /** Exact cosine, -1..1. */
  readonly similarity: number;
}
