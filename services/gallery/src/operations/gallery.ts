import type { Log } from "@similarfaces/runtime";
import type {
  ExportedFace,
  FacePage,
  GalleryFace,
  GalleryReceipt,
  Identity,
  IdentityPage,
  Statistics,
} from "@similarfaces/contracts";

/**
 * The people whom a probe is compared with: identities with a name and the consent given, each with faces
 * (embedding, portrait, where it came from). Made by `createGallery` from a driver and a blob store.
 *
 * All of these throw StageFailure: gallery_unavailable while the store does not answer, gallery_full when it takes
 * nothing more, bad_request for a count or a token out of range.
 */
export interface Gallery {
  readonly driver: GalleryDriverName;
  /** "<id>@<version>" of the embedder; vectors of others are kept and never compared. */
  readonly model: string;

  /**
   * The identities nearest to the probe, each by its nearest face.
   * @throws StageFailure invalid_embedding, model_mismatch
   */
  search(probe: Probe, count: number): Promise<Nearest>;
  /**
   * Adds a face, and its identity where there is none of that id. Adding what is there (the same face id, or the
   * same vector in the same identity) changes nothing and answers with the face that is there.
   * @throws StageFailure invalid_embedding, model_mismatch, invalid_name, consent_required
   */
  enrol(face: NewFace): Promise<EnrolledFace>;
  list(question: { nameContains: string; pageSize: number; pageToken: string }): Promise<IdentityPage>;
  /** @throws StageFailure identity_not_found, as rename, merge and deleteIdentity do */
  get(identityId: string): Promise<Identity>;
  rename(identityId: string, name: string): Promise<Identity>;
  /** Every face of `from` becomes a face of `into`; `from` is gone afterwards. */
  merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity>;
  /** @throws StageFailure face_not_found */
  deleteFace(faceId: string): Promise<GalleryReceipt>;
  deleteIdentity(identityId: string): Promise<GalleryReceipt>;
  statistics(): Promise<Statistics>;
  /** Faces with embeddings and portraits; a page ends early where it would not fit into one message. */
  exportFaces(question: { pageSize: number; pageToken: string }): Promise<FacePage>;
  /** Refuses all where one is not valid. The receipt counts what is new. */
  importFaces(faces: readonly ExportedFace[]): Promise<GalleryReceipt>;
  /** Whether its portrait may be shown. */
  hasFace(faceId: string): Promise<boolean>;
  /** Deletes portraits that were stored before then and have no face. @returns how many */
  sweepPortraits(storedBeforeMs: number, log: Log): Promise<number>;
  /** False while it cannot answer. */
  ready(): boolean;
  /** Called once; leaves behind what makes the next start fast. */
  close(): Promise<void>;
}

export type GalleryDriverName = "nats" | "elasticsearch";

export interface Probe {
  /** 512 float32, L2-normalised, as bytes of a message. */
  embedding: Uint8Array;
  model: string;
}

export interface Candidate {
  identityId: string;
  name: string;
  /** The identity's face nearest to the probe. */
  faceId: string;
  /** Exact cosine, -1..1. */
  similarity: number;
}

export interface Nearest {
  /** Nearest first, one per identity. */
  candidates: Candidate[];
  /** Faces that were searched through. */
  galleryFaces: number;
}

export interface NewFace {
  faceId: string;
  identityId: string;
  /** Of the identity, where it has to be created. */
  name: string;
  consent: string;
  /** 512 float32, L2-normalised, as bytes of a message. */
  embedding: Uint8Array;
  model: string;
  createdAtMs: number;
  sourceJobId: string;
  /** Where the photo came from, as the enroller said; may be empty. */
  source: string;
  /** JPEG of the chip; may be empty. */
  portrait: Uint8Array;
}

export interface EnrolledFace {
  identityId: string;
  faceId: string;
  /** The identity's, which may be another than the enroller said. */
  name: string;
  /** False where it was there before. */
  added: boolean;
}

/**
 * Where records and vectors live: nats.ts, elasticsearch.ts. What it is given has been checked, and it knows nothing
 * of portraits. It throws as Gallery does.
 */
export interface GalleryDriver {
  readonly name: GalleryDriverName;
  nearest(probe: Float32Array, count: number): Promise<Nearest>;
  add(face: DriverFace): Promise<EnrolledFace>;
  list(question: { nameContains: string; pageSize: number; pageToken: string }): Promise<IdentityPage>;
  get(identityId: string): Promise<Identity>;
  rename(identityId: string, name: string): Promise<Identity>;
  merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity>;
  /** Of each, in this order: whether an identity has it. */
  hasFaces(faceIds: readonly string[]): Promise<boolean[]>;
  /** Ids of all faces of an identity. @throws StageFailure identity_not_found */
  facesOf(identityId: string): Promise<string[]>;
  /** The ids of the faces that are gone now. */
  deleteFace(faceId: string): Promise<string[]>;
  deleteIdentity(identityId: string): Promise<string[]>;
  statistics(): Promise<{ identities: number; faces: number }>;
  /** Faces after the cursor ("" for the first) in a stable order, fewer than `count` only at the end. */
  faces(count: number, cursor: string): Promise<FaceRow[]>;
  ready(): boolean;
  close(): Promise<void>;
}

export interface DriverFace {
  face: GalleryFace;
  identity: { id: string; name: string; consent: string; createdAtMs: number };
  embedding: Float32Array;
}

export interface FaceRow {
  /** Without its portrait. */
  face: ExportedFace;
  /** Continues behind this row. */
  cursor: string;
}
