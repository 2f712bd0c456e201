import type { ExportedFace, GalleryFace, Identity, IdentityPage } from "@similarfaces/contracts";
import type { GalleryCount, GalleryDriver } from "../drivers/driver.js";
import type { Deletions } from "./deletions.js";
import type { EnrolledFace, Nearest, NewFace } from "./gallery.js";

/**
 * The gallery without its portraits: identities, their faces, and the search among them, alike on every driver. Input
 * has been checked.
 *
 * All of these throw StageFailure: gallery_unavailable, gallery_full; identity_not_found where an identity is named that
 * is not there.
 */
export interface Identities extends Pick<GalleryDriver, "name" | "ready" | "close"> {
  /** The identities nearest to the probe, each by its nearest face. */
  nearest(probe: Float32Array, count: number): Promise<Nearest>;
  /**
   * Adds a face, and its identity as `as` says (NewFace). What is there stays as it is.
   * @throws StageFailure identity_exists
   */
  add(face: FaceToAdd): Promise<EnrolledFace>;
  /** @throws StageFailure bad_request for a token that was never given */
  list(question: { nameContains: string; pageSize: number; pageToken: string }): Promise<IdentityPage>;
  get(identityId: string): Promise<Identity>;
  rename(identityId: string, name: string): Promise<Identity>;
  merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity>;
  /** Of each, in this order: whether an identity lists it. */
  hasFaces(faceIds: readonly string[]): Promise<boolean[]>;
  /** Ids of all faces of an identity. */
  facesOf(identityId: string): Promise<string[]>;
  /** @returns the ids of the faces that were deleted */
  deleteFace(faceId: string): Promise<string[]>;
  /** @returns the ids of the faces that were deleted with it */
  deleteIdentity(identityId: string): Promise<string[]>;
  /**
   * Takes an identity out of the gallery, and leaves what is stored for its faces behind; does nothing where there is none.
   * @param isMeant asked after the identity was read: what is true then is true of that identity, and not of a later one of that id
   */
  unlist(identityId: string, isMeant: () => Promise<boolean>): Promise<void>;
  /** Ids of faces that are stored for an identity, listed or not: some of them, or none where there is none. */
  storedFor(identityId: string): Promise<string[]>;
  /** Of faces that nobody lists. */
  removeStored(faceIds: readonly string[]): Promise<void>;
  /** Of these identities, how many faces are stored, listed or not. */
  countFacesOf(identityIds: readonly string[]): Promise<number>;
  readonly deletions: Deletions;
  /** Whoever has this name, compared as names are looked for. */
  named(name: string): Promise<Pick<Identity, "id" | "name">[]>;
  statistics(): Promise<GalleryCount>;
  /**
   * Faces after the cursor ("" for the first) in a stable order, fewer than `count` only at the end.
   * @throws StageFailure bad_request for a cursor that was never given
   */
  faces(count: number, cursor: string): Promise<FaceRow[]>;
}

export interface FaceToAdd {
  face: GalleryFace;
  identity: { id: string; name: string; consent: string; createdAtMs: number };
  as: NewFace["as"];
  /** 512 float32, L2-normalised. */
  embedding: Float32Array;
}

export interface FaceRow {
  /** Without its portrait. */
  face: ExportedFace;
  /** Continues after this row. */
  cursor: string;
}
