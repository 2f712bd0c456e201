import type { Log } from "@similarfaces/runtime";
import type {
  GalleryDeletion,
  ExportedFace,
  Eyes,
  FacePage,
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
  /** Its name, as GALLERY_DRIVER has it. */
  readonly driver: string;
  /** The embedder in use, as results name it; vectors of models outside its space are kept and never compared. */
  readonly model: string;

  /**
   * The identities nearest to the probe, each by its nearest face.
   * @throws StageFailure invalid_embedding, model_mismatch
   */
  search(probe: Probe, count: number): Promise<Nearest>;
  /**
   * Adds a face, and its identity where there is none of that id and `as` allows it. Adding what is there (the same face id, or the
   * same vector in the same identity) changes nothing and answers with the face that is there.
   * @throws StageFailure invalid_embedding, model_mismatch, invalid_name, consent_required, identity_not_found, identity_exists
   */
  enrol(face: NewFace): Promise<EnrolledFace>;
  list(question: { nameContains: string; pageSize: number; pageToken: string }): Promise<IdentityPage>;
  /** @throws StageFailure identity_not_found, as rename, merge and deleteIdentity do */
  get(identityId: string): Promise<Identity>;
  rename(identityId: string, name: string): Promise<Identity>;
  /** Every face of `from` becomes a face of `into`, and `from` is deleted. */
  merge(fromIdentityId: string, intoIdentityId: string): Promise<Identity>;
  /** @throws StageFailure face_not_found */
  deleteFace(faceId: string): Promise<GalleryReceipt>;
  /**
   * At once, or where it has more than 200 faces in the background: then the receipt says what is left, and the same call what has become of
   * it, for a day after its end.
   */
  deleteIdentity(identityId: string): Promise<GalleryDeletion>;
  /** A part of what is deleted in the background, and of what an ended process has left. @returns whether there is more */
  goOnDeleting(): Promise<boolean>;
  /** Whoever has this name, however it is written. @throws StageFailure invalid_name */
  named(name: string): Promise<Pick<Identity, "id" | "name">[]>;
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
  /** Called once. */
  close(): Promise<void>;
}

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
  /**
   * known: the identity is there, or the face is refused; new: it is made where it is not there, unless another has its name; any: it is made
   * where it is not there.
   */
  as: "known" | "new" | "any";
  /** Of the identity, where it has to be created. */
  name: string;
  consent: string;
  /** 512 float32, L2-normalised, as bytes of a message. */
  embedding: Uint8Array;
  model: string;
  createdAtMs: number;
  sourceJobId: string;
  /** Where the photo came from, in the enroller's words; may be empty. */
  source: string;
  /** SHA-256 of the photo's bytes, base64url; may be empty. */
  photoDigest: string;
  /** JPEG; may be empty. */
  portrait: Uint8Array;
  /** In pixels of the portrait; undefined where it came without them, or there is none. */
  eyes: Eyes | undefined;
}

export interface EnrolledFace {
  identityId: string;
  faceId: string;
  /** The identity's, which may be another than the enroller gave. */
  name: string;
  /** False where it was there before. */
  added: boolean;
}
