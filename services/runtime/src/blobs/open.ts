import type { Blobs } from "./blobs.js";
import type { Broker } from "../broker/broker.js";
import type { Log } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { openNatsBlobs } from "./nats.js";

/** The part of the configuration that chooses and opens a blob store. */
export interface BlobsConfig {
  blobsDriver: "nats" | "s3";
  jobTtlMs: number;
  s3Bucket: string;
  s3Endpoint: string | undefined;
  s3Region: string;
  s3ForcePathStyle: boolean;
  s3ServerSideEncryption: "none" | "AES256" | "aws:kms";
}

/** @throws StageFailure storage_unavailable */
export async function openBlobs(
  config: BlobsConfig,
  broker: Broker,
  options: { replicas?: number; metrics?: Metrics; log?: Log } = {},
): Promise<Blobs> {
  const { jobTtlMs } = config;
  const { metrics, log } = options;
  const onKept = (count: number) => metrics?.blobsKept.inc({ driver: config.blobsDriver }, count);
  onKept(0);
  const blobs =
    config.blobsDriver === "nats"
      ? await openNatsBlobs(broker, { jobTtlMs, replicas: options.replicas })
      : // Loaded where it is used: the SDK costs every other start 0.1 s.
        await (
          await import("./s3.js")
        ).openS3Blobs({
          bucket: config.s3Bucket,
          region: config.s3Region,
          forcePathStyle: config.s3ForcePathStyle,
          jobTtlMs,
          onKept,
          log,
          ...(config.s3Endpoint ? { endpoint: config.s3Endpoint } : {}),
          ...(config.s3ServerSideEncryption === "none"
            ? {}
            : { serverSideEncryption: config.s3ServerSideEncryption }),
        });
  return metrics ? measured(blobs, metrics) : blobs;
}

/** The same store, with every operation in `similarfaces_blob_operation_seconds`. */
function measured(blobs: Blobs, { blobOperation, blobsKept }: Metrics): Blobs {
  const { driver } = blobs;
  const timed = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const startedAtMs = performance.now();
    let outcome = "error";
    try {
      const value = await run();
      outcome = "ok";
      return value;
    } finally {
      blobOperation.observe({ driver, operation, outcome }, (performance.now() - startedAtMs) / 1_000);
    }
  };
  const deleting = <T>(run: () => Promise<T>): Promise<T> =>
    timed("delete", run).catch((error: unknown) => {
      blobsKept.inc({ driver });
      throw error;
    });
  return {
    driver,
    put: (key, bytes, contentType) => timed("put", () => blobs.put(key, bytes, contentType)),
    async get(key) {
      const blob = await timed("get", () => blobs.get(key));
      return blob && { ...blob, delete: () => deleting(() => blob.delete()) };
    },
    delete: (key) => deleting(() => blobs.delete(key)),
    list: (prefix) => timed("list", () => blobs.list(prefix)),
    storedAtMs: (key) => timed("head", () => blobs.storedAtMs(key)),
    fault: () => blobs.fault(),
    close: () => blobs.close(),
  };
}
