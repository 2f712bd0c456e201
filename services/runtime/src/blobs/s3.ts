import {
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { StageFailure } from "@similarfaces/contracts";
import type { Blobs } from "../blobs.js";

export interface S3BlobsOptions {
  bucket: string;
  region: string;
  /** Of a server that is not AWS. */
  endpoint?: string;
  /** `http://host/bucket/key`, as most servers that are not AWS want it. */
  forcePathStyle: boolean;
  serverSideEncryption?: "AES256" | "aws:kms";
  jobTtlMs: number;
  /** How often what has outlived its job is looked for; 0 never. */
  sweepEveryMs?: number;
  /** From a request to its answer's head, and between two parts of its body; of each attempt. */
  requestTimeoutMs?: number;
}

const MINUTE_MS = 60_000;
const KEYS_PER_DELETION = 1_000;
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
      // The SDK would only warn, and wait on.
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
      : setInterval(
          () => void sweep(client, Bucket, options.jobTtlMs).catch(() => {}),
          options.sweepEveryMs ?? MINUTE_MS,
        ).unref();

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
        return { bytes, contentType: object.ContentType ?? "application/octet-stream" };
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
      await unlessDown(client.send(new DeleteObjectCommand({ Bucket, Key: key })));
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
    close: async () => {
      clearInterval(sweeper);
      client.destroy();
    },
  };
}

/**
 * Deletes jobs' blobs by the minute in their key, `jobs/<minute>/...`, once the whole minute has outlived its jobs.
 * @returns how many were deleted
 */
async function sweep(client: S3Client, Bucket: string, jobTtlMs: number): Promise<number> {
  const oldestKept = Math.floor((Date.now() - jobTtlMs) / MINUTE_MS);
  let deleted = 0;
  for (const minute of await minutes(client, Bucket)) {
    if (minute >= oldestKept) continue;
    for (;;) {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: `jobs/${minute}/`, MaxKeys: KEYS_PER_DELETION }),
      );
      const Objects = (page.Contents ?? []).flatMap(({ Key }) => (Key ? [{ Key }] : []));
      if (Objects.length === 0) break;
      const { Errors } = await client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      deleted += Objects.length - (Errors?.length ?? 0);
      if (Errors && Errors.length > 0) break;
    }
  }
  return deleted;
}

async function minutes(client: S3Client, Bucket: string): Promise<number[]> {
  const found: number[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: "jobs/",
        Delimiter: "/",
        ...(token ? { ContinuationToken: token } : {}),
      }),
    );
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      const minute = Number(Prefix?.split("/")[1]);
      if (Number.isInteger(minute)) found.push(minute);
    }
    token = page.NextContinuationToken;
  } while (token);
  return found;
}

/**
 * A day is the shortest rule there is. A bucket that has rules of its own keeps them, for setting one replaces all; and
 * one whose owner forbids it keeps to the sweeper alone.
 */
async function setLifecycleNet(client: S3Client, Bucket: string): Promise<void> {
  const hasNone = await client
    .send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    .then(({ Rules }) => (Rules ?? []).length === 0)
    .catch((error: unknown) => error instanceof Error && error.name === "NoSuchLifecycleConfiguration");
  if (!hasNone) return;
  const rule = {
    ID: "similarfaces-jobs",
    Status: "Enabled" as const,
    Filter: { Prefix: "jobs/" },
    Expiration: { Days: 1 },
  };
  await client
    .send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }))
    .catch(() => {});
}

function isMissing(error: unknown): boolean {
  return error instanceof NoSuchKey || error instanceof NotFound;
}

function down(cause: unknown): StageFailure {
  return new StageFailure("storage_unavailable", "the S3 store did not answer", { cause });
}

async function unlessDown<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw down(error);
  }
}
