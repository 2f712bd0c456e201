import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Blobs } from "./blobs.js";
import type { Log } from "../telemetry/log.js";
import { down, openS3Deletion } from "./s3Deletion.js";
import { setLifecycleNet, sweep } from "./s3Expiry.js";

export interface S3BlobsOptions {
  bucket: string;
  region: string;
  /** Of a server that is not AWS. */
  endpoint?: string;
  /** `http://host/bucket/key`, as most servers that are not AWS want it. */
  forcePathStyle: boolean;
  serverSideEncryption?: "AES256" | "aws:kms";
  jobTtlMs: number;
  /** How often expired blobs of jobs are deleted; 0 never. */
  sweepEveryMs?: number;
  /** How often it is tried whether deleting is possible, while it is; 0 never. */
  probeEveryMs?: number;
  /** Called with how many objects could not be deleted, where no error is thrown for them. */
  onKept?(count: number): void;
  log?: Log | undefined;
  /** From a request to its answer's head, and between two parts of its body; of each attempt. */
  requestTimeoutMs?: number;
}

const MINUTE_MS = 60_000;
const PROBE_EVERY_MS = 600_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Blobs in any S3. Credentials come from the SDK's own chain: a pod's role (IRSA), the environment, a profile.
 * Lifecycle rules count in days, so every process sweeps what has outlived its job by the minute in its key; sweeping
 * twice does no harm. A rule of one day is set as a net where the bucket allows it.
 */
export async function openS3Blobs(options: S3BlobsOptions): Promise<Blobs> {
  const { bucket: Bucket } = options;
  const client = new S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    ...(options.endpoint ? { endpoint: options.endpoint } : {}),
    // Standard mode: exponential back-off with full jitter on time-outs, throttling and 5xx.
    maxAttempts: 4,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      // By default the SDK only logs a warning and goes on waiting.
      throwOnRequestTimeout: true,
      socketTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    },
    // Servers that are not AWS need not know the newer checksum trailers.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const encryption = options.serverSideEncryption
    ? { ServerSideEncryption: options.serverSideEncryption }
    : {};
  await unlessDown(client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 })));
  await setLifecycleNet(client, Bucket);
  const { onKept = () => {}, log, probeEveryMs = PROBE_EVERY_MS } = options;
  const deletion = await openS3Deletion({ client, bucket: Bucket, encryption, probeEveryMs, onKept, log });

  const list = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await unlessDown(
        client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            ...(token ? { ContinuationToken: token } : {}),
          }),
        ),
      );
      for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key);
      token = page.NextContinuationToken;
    } while (token);
    return keys;
  };
  const sweeper =
    options.sweepEveryMs === 0
      ? undefined
      : setInterval(() => void sweepOnce(), options.sweepEveryMs ?? MINUTE_MS).unref();

  return {
    driver: "s3",
    async put(key, bytes, contentType) {
      await unlessDown(
        client.send(
          new PutObjectCommand({ Bucket, Key: key, Body: bytes, ContentType: contentType, ...encryption }),
        ),
      );
    },
    async get(key) {
      try {
        const object = await client.send(new GetObjectCommand({ Bucket, Key: key }));
        if (!object.Body) return undefined;
        const bytes = await object.Body.transformToByteArray();
        const contentType = object.ContentType ?? "application/octet-stream";
        return { bytes, contentType, delete: () => deletion.one(key) };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw down(error);
      }
    },
    async delete(key) {
      try {
        await client.send(new HeadObjectCommand({ Bucket, Key: key }));
      } catch (error) {
        if (isMissing(error)) return false;
        throw down(error);
      }
      await deletion.one(key);
      return true;
    },
    list,
    async storedAtMs(key) {
      try {
        return (await client.send(new HeadObjectCommand({ Bucket, Key: key }))).LastModified?.getTime();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw down(error);
      }
    },
    fault: deletion.fault,
    close: async () => {
      deletion.close();
      clearInterval(sweeper);
      client.destroy();
    },
  };

  /** Never rejects; the next run tries again. What could not be deleted is counted by `onKept`, and `fault` has the reason. */
  async function sweepOnce(): Promise<void> {
    await sweep(client, Bucket, deletion, options.jobTtlMs).catch((err: unknown) =>
      log?.warn({ err }, "expired photos could not be swept from the S3 store"),
    );
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof NoSuchKey || error instanceof NotFound;
}

async function unlessDown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw down(error);
  }
}
