import { jobBlobPrefix } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  isForeignS3,
  s3ServerPath,
  startS3Server,
  type S3Server,
} from "../../services/runtime/test/s3Server.js";
import { ALL_ACTIONS, USER, addUser, allow } from "../../services/runtime/test/s3User.js";
import { postPixel, startMesh, type Mesh } from "./meshFixture.js";

const REFUSED = "the S3 store refuses to delete (AccessDenied)";
const versitygw = isForeignS3 ? undefined : await s3ServerPath();

describe.skipIf(!versitygw)("photos in an S3 that may not delete (versitygw, built by Go)", () => {
  let server: S3Server;
  let mesh: Mesh;
  beforeAll(async () => {
    server = await startS3Server(versitygw!);
    await addUser(versitygw!, server);
    await allow(server, ["s3:GetObject", "s3:PutObject"]);
    vi.stubEnv("AWS_ACCESS_KEY_ID", USER.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", USER.secretAccessKey);
    mesh = await startMesh({
      BLOBS_DRIVER: "s3",
      S3_ENDPOINT: server.endpoint,
      S3_BUCKET: server.bucket,
      S3_FORCE_PATH_STYLE: "true",
    });
  });
  afterAll(async () => {
    await mesh?.stop();
    vi.unstubAllEnvs();
    await server?.stop();
  });

  it("the gateway is not ready and says why, and a deletion gives no receipt for what is still there", async () => {
    const readiness = await fetch(`${mesh.url}/readyz`);
    expect([readiness.status, await readiness.text()]).toEqual([503, `not ready: ${REFUSED}\n`]);
    const { jobId } = await postPixel(mesh.url);
    const address = `${mesh.url}/v1/jobs/${jobId}`;
    const refused = await fetch(address, { method: "DELETE" });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      failure: { code: "storage_unavailable", message: REFUSED, retryable: true },
    });
    expect(await mesh.blobs.list(jobBlobPrefix(jobId))).toHaveLength(1);
    await allow(server, ALL_ACTIONS);
    // Asked again it goes on, and its receipt says what it found.
    const receipt = await fetch(address, { method: "DELETE" });
    expect(receipt.status).toBe(200);
    expect(((await receipt.json()) as { stores: object[] }).stores).toContainEqual({
      store: "blobs",
      found: 1,
      foundAgain: 0,
    });
    expect(await mesh.blobs.list(jobBlobPrefix(jobId))).toEqual([]);
  });
});
