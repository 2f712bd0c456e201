import type { GalleryFace } from "@similarfaces/contracts";
import type { ComparedModels, GalleryCount } from "../../driver.js";
import { byAge } from "../../identityRecord.js";
import { Sorted } from "./sorted.js";
import { VectorMatrix, type Rows } from "./vectorMatrix.js";

/** An identity as it is held in memory. */
export interface IdentityEntry {
  readonly id: string;
  readonly name: string;
  /** `nameKey` of the name, by which it is ordered and found. */
  readonly key: string;
  readonly consent: string;
  readonly createdAtMs: number;
  /** Of its record. */
  readonly revision: number;
}

export interface FaceEntry {
  readonly face: GalleryFace;
  readonly identityId: string;
  /** `digestOf` its vector. */
  readonly digest: string;
  /** Its number in the matrix of vectors, used once and never again. */
  readonly key: number;
  readonly revision: number;
}

/**
 * The whole gallery in memory, as the bucket's changes have made it. A face may come before its identity, or outlive it
 * while that is being deleted; no answer contains it then.
 */
export class Catalogue {
  /** Of the models whose vectors are compared. */
  readonly compared = new VectorMatrix();
  /** Of other models: for exports only. */
  readonly kept = new VectorMatrix();
  readonly #identities = new Map<string, IdentityEntry>();
  readonly #faces = new Map<string, FaceEntry>();
  readonly #facesByKey = new Map<number, FaceEntry>();
  readonly #facesOf = new Map<string, FaceEntry[]>();
  readonly #byName = new Sorted<IdentityEntry>((a, b) => order(a.key, b.key) || order(a.id, b.id));
  readonly #byFaceId = new Sorted<FaceEntry>((a, b) => order(a.face.id, b.face.id));
  readonly #models: ReadonlySet<string>;
  readonly #facesOfModel = new Map<string, number>();
  #lastKey = 0;

  constructor(models: ComparedModels) {
    this.#models = new Set(models);
  }

  get identities(): number {
    return this.#identities.size;
  }

  get faces(): number {
    return this.#faces.size;
  }

  /** Faces of models whose vectors are not compared: by model, most first. */
  notSearched(): GalleryCount["notSearched"] {
    return [...this.#facesOfModel]
      .filter(([model]) => !this.#models.has(model))
      .map(([model, faces]) => ({ model, faces }))
      .sort((a, b) => b.faces - a.faces || order(a.model, b.model));
  }

  /** For a face that is to be put. */
  nextKey(): number {
    return ++this.#lastKey;
  }

  putIdentity(entry: IdentityEntry): void {
    this.deleteIdentity(entry.id);
    this.#identities.set(entry.id, entry);
    this.#byName.add(entry);
  }

  deleteIdentity(id: string): void {
    const entry = this.#identities.get(id);
    if (!entry) return;
    this.#identities.delete(id);
    this.#byName.remove(entry);
  }

  /** With its vector, which a face keeps for its whole life. */
  putFace(entry: FaceEntry, vector: Float32Array): void {
    this.deleteFace(entry.face.id);
    this.vectorsOf(entry.face.model).add(entry.key, vector);
    this.#putEntry(entry);
  }

  /** Faces of one model, none of which is there yet. @returns where their vectors are to be put, in this order */
  putFaces(model: string, entries: readonly FaceEntry[]): Rows[] {
    for (const entry of entries) this.#putEntry(entry);
    return this.vectorsOf(model).extend(entries.map(({ key }) => key));
  }

  /** A face that has changed in all but its vector. */
  replaceFace(entry: FaceEntry): void {
    this.#deleteEntry(entry.face.id);
    this.#putEntry(entry);
  }

  deleteFace(id: string): void {
    const entry = this.#deleteEntry(id);
    if (entry) this.vectorsOf(entry.face.model).delete(entry.key);
  }

  clear(): void {
    const maps = [this.#identities, this.#faces, this.#facesByKey, this.#facesOf, this.#facesOfModel];
    for (const part of maps) part.clear();
    for (const part of [this.#byName, this.#byFaceId, this.compared, this.kept]) part.clear();
  }

  vectorsOf(model: string): VectorMatrix {
    return this.#models.has(model) ? this.compared : this.kept;
  }

  vectorOf(entry: FaceEntry): Float32Array | undefined {
    return this.rowOf(entry)?.vectors;
  }

  rowOf({ face, key }: FaceEntry): Rows | undefined {
    return this.vectorsOf(face.model).row(key);
  }

  identity(id: string): IdentityEntry | undefined {
    return this.#identities.get(id);
  }

  face(id: string): FaceEntry | undefined {
    return this.#faces.get(id);
  }

  faceByKey(key: number): FaceEntry | undefined {
    return this.#facesByKey.get(key);
  }

  /** Oldest first. */
  facesOf(identityId: string): FaceEntry[] {
    return [...(this.#facesOf.get(identityId) ?? [])].sort((a, b) => byAge(a.face, b.face));
  }

  /** By name, then by id. */
  identitiesByName(): readonly IdentityEntry[] {
    return this.#byName.all();
  }

  /** Index of the first identity that comes after this key and id. */
  positionBehind(key: string, id: string): number {
    return this.#byName.first((entry) => order(entry.key, key) < 0 || (entry.key === key && entry.id <= id));
  }

  identitiesOfKey(key: string): IdentityEntry[] {
    const all = this.identitiesByName();
    const found: IdentityEntry[] = [];
    for (let i = this.positionBehind(key, ""); all[i]?.key === key; i++) found.push(all[i]!);
    return found;
  }

  /** In the order of their ids, those after this one; only faces that an identity lists. */
  facesBehind(faceId: string, count: number): FaceEntry[] {
    const first = this.#byFaceId.first((entry) => entry.face.id <= faceId);
    const found: FaceEntry[] = [];
    const all = this.#byFaceId.all();
    for (let i = first; i < all.length && found.length < count; i++) {
      if (this.#identities.has(all[i]!.identityId)) found.push(all[i]!);
    }
    return found;
  }

  /** In the order of their ids, those of no identity too. */
  facesById(): readonly FaceEntry[] {
    return this.#byFaceId.all();
  }

  /** Sorts what has been loaded now, so that the first list does not wait for it. */
  putInOrder(): void {
    this.#byName.all();
    this.#byFaceId.all();
  }

  #putEntry(entry: FaceEntry): void {
    this.#lastKey = Math.max(this.#lastKey, entry.key);
    this.#faces.set(entry.face.id, entry);
    this.#facesByKey.set(entry.key, entry);
    this.#countOf(entry.face.model, 1);
    this.#byFaceId.add(entry);
    const siblings = this.#facesOf.get(entry.identityId);
    if (siblings) siblings.push(entry);
    else this.#facesOf.set(entry.identityId, [entry]);
  }

  #countOf(model: string, change: 1 | -1): void {
    const faces = (this.#facesOfModel.get(model) ?? 0) + change;
    if (faces > 0) this.#facesOfModel.set(model, faces);
    else this.#facesOfModel.delete(model);
  }

  #deleteEntry(id: string): FaceEntry | undefined {
    const entry = this.#faces.get(id);
    if (!entry) return undefined;
    this.#faces.delete(id);
    this.#facesByKey.delete(entry.key);
    this.#countOf(entry.face.model, -1);
    this.#byFaceId.remove(entry);
    const siblings = this.#facesOf.get(entry.identityId)!;
    siblings.splice(siblings.indexOf(entry), 1);
    if (siblings.length === 0) this.#facesOf.delete(entry.identityId);
    return entry;
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
