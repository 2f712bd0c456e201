import { newJobId } from "@similarfaces/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { galleryBlobKey, jobBlobKey, type Blobs } from "../src/blobs/blobs.js";
import { openS3Blobs, type S3BlobsOptions } from "../src/blobs/s3.js";
import { testBlobs } from "./blobsSuite.js";
import { useTestCredentials } from "./s3Credentials.js";
import { s3ServerPath, startS3Server, type S3Server } from "./s3Server.js";

const MINUTE_MS = 60_000;
const versitygw = await s3ServerPath();

useTestCredentials();

describe.skipIf(!versitygw)("a real S3 server (versitygw, built by Go)", () => {
  let server: S3Server;
  const options = (): S3BlobsOptions => ({
    bucket: server.bucket,
    region: "us-east-1",
    endpoint: server.endpoint,
    forcePathStyle: true,
    jobTtlMs: 10 * MINUTE_MS,
    sweepEveryMs: 0,
  });
  beforeAll(async () => {
    server = await startS3Server(versitygw!);
    process.env["AWS_ACCESS_KEY_ID"] = server.accessKeyId;
    process.env["AWS_SECRET_ACCESS_KEY"] = server.secretAccessKey;
  });
  afterAll(() => server?.stop());

  testBlobs("S3", () => openS3Blobs(options()));

  it("is swept of whole minutes that have outlived their jobs, of nothing else", async () => {
    const store = await openS3Blobs(options());
    const nowMs = Date.now();
    const old = Array.from({ length: 3 }, (_, i) => newJobId(nowMs - (12 + i) * MINUTE_MS));
    const recent = newJobId(nowMs - 8 * MINUTE_MS);
    const put = (key: string) => store.put(key, new Uint8Array(5), "image/jpeg");
    for (const job of old) {
      await put(jobBlobKey(job, "upload"));
      await put(jobBlobKey(job, "faces.jpg"));
    }
    await put(jobBlobKey(recent, "upload"));
    await put(galleryBlobKey("stays"));
    // Two processes sweep at once, as on a cluster.
    const sweepers = await Promise.all([1, 2].map(() => openS3Blobs({ ...options(), sweepEveryMs: 50 })));
    await expect.poll(() => present(store, old), { timeout: 15_000 }).toEqual([]);
    expect(await store.get(jobBlobKey(recent, "upload"))).toBeDefined();
    expect(await store.get(galleryBlobKey("stays"))).toBeDefined();
    for (const blobs of [...sweepers, store]) await blobs.close();
  });

  it("is not opened for a bucket that is not there, or with keys that are wrong", async () => {
    await expect(openS3Blobs({ ...options(), bucket: "no-such-bucket" })).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    process.env["AWS_SECRET_ACCESS_KEY"] = "wrong";
    try {
      await expect(openS3Blobs(options())).rejects.toMatchObject({ code: "storage_unavailable" });
    } finally {
      process.env["AWS_SECRET_ACCESS_KEY"] = server.secretAccessKey;
    }
  });

  async function present(blobs: Blobs, jobs: readonly string[]): Promise<string[]> {
    const found = await Promise.all(
      jobs.map(async (job) => ((await blobs.get(jobBlobKey(job, "upload"))) ? job : undefined)),
    );
    return found.filter((job) => job !== undefined);
  }
});
