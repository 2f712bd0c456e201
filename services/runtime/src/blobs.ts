/**
 * Photos at rest. Keys are `jobs/<minute>/<job>/<name>` for what belongs to a job and goes with it, and
 * `gallery/<face>.jpg` for portraits, which stay until they are deleted. Implementations: blobs/nats.ts, blobs/s3.ts.
 */
export interface Blobs {
  readonly driver: "nats" | "s3";
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Undefined where there is no such blob. @throws StageFailure storage_unavailable */
  get(key: string): Promise<Blob | undefined>;
  /** True if it was there. */
  delete(key: string): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface Blob {
  bytes: Uint8Array;
  contentType: string;
}
