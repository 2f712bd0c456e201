import { jobAcceptedAtMs } from "@similarfaces/contracts";

/**
 * Photos at rest. Keys are `jobs/<minute>/<job>/<name>` for what belongs to a job and goes with it, and
 * `gallery/<face>.jpg` for portraits, which stay until they are deleted. Implementations: blobs/nats.ts, blobs/s3.ts.
 */
export interface Blobs {
  readonly driver: "nats" | "s3";
  /** @throws StageFailure storage_unavailable, as all of these do */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Undefined where there is no such blob. */
  get(key: string): Promise<Blob | undefined>;
  /** True if it was there. */
  delete(key: string): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
  /** When it was put, by the store's clock; undefined where there is no such blob. */
  storedAtMs(key: string): Promise<number | undefined>;
  /** In words, while it is known that what is deleted here, or expires, stays: nothing to entrust photos to. */
  fault(): string | undefined;
  close(): Promise<void>;
}

export interface Blob {
  bytes: Uint8Array;
  contentType: string;
  /** Deletes what was read, cheaper than by its key: a store need not look for it. No error where it is gone. */
  delete(): Promise<void>;
}

/**
 * What is stored of a job: the upload as it came, the upright sRGB JPEG without metadata, and the sheet of its faces: their chips one
 * below the other, in order of their index.
 */
export type JobBlobName = "upload" | "photo.jpg" | "faces.jpg";

/** Everything of one job. Named by the minute of acceptance, so that a sweeper finds what is old by key alone. */
export function jobBlobPrefix(jobId: string): string {
  return `jobs/${Math.floor(jobAcceptedAtMs(jobId) / 60_000)}/${jobId}/`;
}

export function jobBlobKey(jobId: string, name: JobBlobName): string {
  return `${jobBlobPrefix(jobId)}${name}`;
}

export const GALLERY_BLOB_PREFIX = "gallery/";

/** A portrait of the gallery, 144x144. */
export function galleryBlobKey(faceId: string): string {
  return `${GALLERY_BLOB_PREFIX}${faceId}.jpg`;
}

/** The face whose portrait has this key; undefined for what is no portrait. */
export function galleryFaceOfKey(key: string): string | undefined {
  return /^gallery\/([A-Za-z0-9_-]+)\.jpg$/.exec(key)?.[1];
}
