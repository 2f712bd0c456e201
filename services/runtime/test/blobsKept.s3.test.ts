import { PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { newJobId } from "@similarfaces/contracts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { jobBlobKey, type Blobs } from "../src/blobs/blobs.js";
import { openS3Blobs, type S3BlobsOptions } from "../src/blobs/s3.js";
import { serveHealth } from "../src/service/healthServer.js";
import { createMetrics } from "../src/telemetry/metrics.js";
import { isForeignS3, s3ServerPath, startS3Server, type S3Server } from "./s3Server.js";
import { ALL_ACTIONS, USER, addUser, allow, ownerOf } from "./s3User.js";

const MINUTE_MS = 60_000;
const REFUSED = "the S3 store refuses to delete (AccessDenied)";
const KEPT = "the S3 bucket keeps versions of what is deleted";
const versitygw = isForeignS3 ? undefined : await s3ServerPath();

describe.skipIf(!versitygw)("an S3 store that keeps what is deleted (versitygw, built by Go)", () => {
  let server: S3Server;
  let opened: Blobs[] = [];
  let kept = 0;
  beforeAll(async () => {
    server = await startS3Server(versitygw!, { versions: true });
    await addUser(versitygw!, server);
    vi.stubEnv("AWS_ACCESS_KEY_ID", USER.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", USER.secretAccessKey);
  });
  beforeEach(async () => {
    kept = 0;
    await allow(server, ALL_ACTIONS);
  });
  afterEach(async () => {
    for (const blobs of opened.splice(0)) await blobs.close();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server?.stop();
  });

  async function open(options: Partial<S3BlobsOptions> = {}): Promise<Blobs> {
    const blobs = await openS3Blobs({
      bucket: server.bucket,
      region: "us-east-1",
      endpoint: server.endpoint,
      forcePathStyle: true,
      jobTtlMs: 10 * MINUTE_MS,
      sweepEveryMs: 0,
      onKept: (count) => void (kept += count),
      ...options,
    });
    opened.push(blobs);
    return blobs;
  }
  const photo = (ageMs = 0) => jobBlobKey(newJobId(Date.now() - ageMs), "upload");

  it("is at fault from the start on where the role may not delete, until it may", async () => {
    expect((await open()).fault()).toBeUndefined();
    await allow(server, ["s3:GetObject", "s3:PutObject"]);
    const blobs = await open({ probeEveryMs: 50 });
    expect(blobs.fault()).toBe(REFUSED);
    expect(kept).toBeGreaterThan(0);
    const key = photo();
    await blobs.put(key, new Uint8Array(5), "image/jpeg");
    await expect(blobs.delete(key)).rejects.toMatchObject({ code: "storage_unavailable", message: REFUSED });
    expect(await blobs.get(key)).toBeDefined();
    await allow(server, ALL_ACTIONS);
    await expect.poll(() => blobs.fault()).toBeUndefined();
    expect(await blobs.delete(key)).toBe(true);
    // What the probe could not delete it has deleted since; there is one for a moment at each probe.
    await expect.poll(() => blobs.list("jobs/0/"), { interval: 5 }).toEqual([]);
  });

  it("is at fault where only portraits, or only photos, may not be deleted, or nothing may be stored", async () => {
    for (const prefix of ["gallery/", "jobs/"]) {
      await allow(server, ALL_ACTIONS, prefix);
      expect((await open()).fault()).toBe(REFUSED);
    }
    await allow(server, ["s3:GetObject", "s3:DeleteObject"]);
    expect((await open()).fault()).toBe("the S3 store refuses to store (AccessDenied)");
  });

  it("counts what a sweep could not delete, of which the server says so object by object", async () => {
    const blobs = await open({ probeEveryMs: 0 });
    const old = [photo(20 * MINUTE_MS), photo(20 * MINUTE_MS)];
    for (const key of old) await blobs.put(key, new Uint8Array(5), "image/jpeg");
    await allow(server, ["s3:GetObject", "s3:PutObject"]);
    const sweeping = await open({ probeEveryMs: 0, sweepEveryMs: 50 });
    await expect.poll(() => kept).toBeGreaterThanOrEqual(2);
    expect(sweeping.fault()).toBe(REFUSED);
    for (const key of old) expect(await blobs.get(key)).toBeDefined();
    await allow(server, ALL_ACTIONS);
    for (const key of old) await expect.poll(() => blobs.get(key)).toBeUndefined();
  });

  it("is asked again soon after a deletion was refused, not at the next look", async () => {
    const blobs = await open({ probeEveryMs: 200 });
    const key = photo();
    await blobs.put(key, new Uint8Array(5), "image/jpeg");
    await allow(server, ["s3:GetObject", "s3:PutObject"]);
    await expect(blobs.delete(key)).rejects.toMatchObject({ message: REFUSED });
    expect(blobs.fault()).toBe(REFUSED);
    await allow(server, ALL_ACTIONS);
    await expect.poll(() => blobs.fault()).toBeUndefined();
  });

  it("is at fault where the bucket keeps versions", async () => {
    const before = await open({ probeEveryMs: 0 });
    const key = photo();
    await before.put(key, new Uint8Array(5), "image/jpeg");
    const owner = ownerOf(server);
    const versioning = (Status: "Enabled" | "Suspended") =>
      owner.send(
        new PutBucketVersioningCommand({ Bucket: server.bucket, VersioningConfiguration: { Status } }),
      );
    await versioning("Enabled");
    try {
      expect((await open()).fault()).toBe(KEPT);
      await expect(before.delete(key)).rejects.toMatchObject({ code: "storage_unavailable", message: KEPT });
      expect(before.fault()).toBe(KEPT);
    } finally {
      await versioning("Suspended");
      owner.destroy();
    }
  });
});

it("a fault that somebody has to mend is why a service is not ready, in words", async () => {
  let fault: string | undefined = REFUSED;
  const metrics = createMetrics({ service: "test", version: "0", emitters: [] });
  const options = { host: "127.0.0.1", port: 0, usualPort: undefined, metrics, healthy: () => true };
  const health = await serveHealth({ ...options, unready: () => fault });
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${health.port}/readyz`);
    return [response.status, await response.text()];
  };
  expect(await readiness()).toEqual([503, `not ready: ${REFUSED}\n`]);
  fault = undefined;
  expect(await readiness()).toEqual([200, "ready\n"]);
  await health.close();
});
