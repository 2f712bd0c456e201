import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { galleryBlobKey } from "../src/blobs/blobs.js";
import { openS3Blobs, type S3BlobsOptions } from "../src/blobs/s3.js";
import { KEYS, useTestCredentials } from "./s3Credentials.js";

const MINUTE_MS = 60_000;
/** What STS answers. */
const ASSUMED = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
  <AccessKeyId>KEYOFTHEROLE</AccessKeyId><SecretAccessKey>secret-of-the-role</SecretAccessKey>
  <SessionToken>session-of-the-role</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

useTestCredentials();

describe("the S3 driver on a server with faults", () => {
  let stop: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await stop?.();
    stop = undefined;
  });

  it("tries again when the server asks it to slow down", async () => {
    let puts = 0;
    const options = await serve((request, response) => {
      if (isPut(request) && ++puts < 3) return fault(response, 503, "SlowDown");
      answer(request, response);
    });
    const blobs = await openS3Blobs(options);
    await blobs.put(galleryBlobKey("again"), new Uint8Array(3), "image/jpeg");
    expect(puts).toBe(3);
    await blobs.close();
  });

  it("says storage_unavailable, with the cause, when the server stays broken", async () => {
    const options = await serve((request, response) =>
      request.method === "GET" && request.url?.includes("list-type")
        ? answer(request, response)
        : fault(response, 500, "InternalError"),
    );
    const blobs = await openS3Blobs(options);
    for (const operation of [
      () => blobs.put(galleryBlobKey("x"), new Uint8Array(3), "image/jpeg"),
      () => blobs.get(galleryBlobKey("x")),
      () => blobs.delete(galleryBlobKey("x")),
    ]) {
      const failure = await operation().then(
        () => undefined,
        (error: unknown) => error as { code: string; retryable: boolean; cause: unknown },
      );
      expect(failure).toMatchObject({ code: "storage_unavailable", retryable: true });
      expect(failure?.cause).toBeInstanceOf(Error);
    }
    await blobs.close();
  });

  it("waits for no server that has stopped to answer, nor for the rest of a body", async () => {
    let asked = 0;
    const options = await serve((request, response) => {
      if (isPut(request)) return void asked++;
      if (request.url?.startsWith("/similarfaces/gallery/")) {
        response.writeHead(200, { "content-length": "1000" });
        return void response.write(new Uint8Array(10));
      }
      answer(request, response);
    });
    const blobs = await openS3Blobs({ ...options, requestTimeoutMs: 150 });
    const failed = { code: "storage_unavailable", retryable: true };
    await expect(blobs.put(galleryBlobKey("silent"), new Uint8Array(3), "image/jpeg")).rejects.toMatchObject(
      failed,
    );
    expect(asked).toBeGreaterThan(1);
    await expect(blobs.get(galleryBlobKey("stalled"))).rejects.toMatchObject(failed);
    await blobs.close();
  }, 30_000);

  it("asks for encryption at rest with every blob where told to, and for none elsewhere", async () => {
    const asked: (string | undefined)[] = [];
    const options = await serve((request, response) => {
      if (isPut(request)) asked.push(request.headers["x-amz-server-side-encryption"] as string | undefined);
      answer(request, response);
    });
    for (const serverSideEncryption of ["aws:kms", "AES256", undefined] as const) {
      const blobs = await openS3Blobs({
        ...options,
        ...(serverSideEncryption ? { serverSideEncryption } : {}),
      });
      await blobs.put(galleryBlobKey("secret"), new Uint8Array(3), "image/jpeg");
      await blobs.close();
    }
    expect(asked).toEqual(["aws:kms", "AES256", undefined]);
  });

  it("signs with the keys that a pod's role is given for its token, as IRSA has it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "similarfaces-role-"));
    const token = join(folder, "token");
    writeFileSync(token, "a-token-of-the-cluster");
    let assumed = "";
    const signed: IncomingMessage["headers"][] = [];
    const options = await serve((request, response) => {
      if (request.method === "POST" && request.url === "/") {
        request.on("data", (chunk: Buffer) => (assumed += chunk.toString()));
        request.on("end", () => xml(response, ASSUMED));
        return;
      }
      if (isPut(request)) signed.push(request.headers);
      answer(request, response);
    });
    for (const key of KEYS) vi.stubEnv(key, undefined);
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/similarfaces");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", options.endpoint);
    try {
      const blobs = await openS3Blobs(options);
      await blobs.put(galleryBlobKey("signed"), new Uint8Array(3), "image/jpeg");
      await blobs.close();
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
    expect(assumed).toContain("Action=AssumeRoleWithWebIdentity");
    expect(assumed).toContain("WebIdentityToken=a-token-of-the-cluster");
    expect(signed[0]!.authorization).toContain("Credential=KEYOFTHEROLE/");
    expect(signed[0]!["x-amz-security-token"]).toBe("session-of-the-role");
  });

  it("sets a lifecycle rule of one day where there is none, and leaves the owner's alone", async () => {
    for (const owners of [false, true]) {
      let body = "";
      const options = await serve((request, response) => {
        if (!request.url?.includes("lifecycle")) return answer(request, response);
        if (request.method === "GET") {
          if (!owners) return fault(response, 404, "NoSuchLifecycleConfiguration");
          return xml(
            response,
            `<LifecycleConfiguration><Rule><ID>ours</ID><Status>Enabled</Status></Rule></LifecycleConfiguration>`,
          );
        }
        request.on("data", (chunk: Buffer) => (body += chunk.toString()));
        request.on("end", () => response.end());
      });
      await (await openS3Blobs(options)).close();
      if (owners) expect(body).toBe("");
      else
        expect(body).toMatch(
          /<Prefix>jobs\/<\/Prefix>.*<Days>1<\/Days>|<Days>1<\/Days>.*<Prefix>jobs\/<\/Prefix>/s,
        );
      await stop?.();
    }
  });

  async function serve(
    listener: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<S3BlobsOptions> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stop = () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
    const { port } = server.address() as AddressInfo;
    return {
      bucket: "similarfaces",
      region: "us-east-1",
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
      jobTtlMs: 10 * MINUTE_MS,
      sweepEveryMs: 0,
    };
  }

  function isPut({ method, url }: IncomingMessage): boolean {
    return method === "PUT" && url?.startsWith("/similarfaces/gallery/") === true;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    request.on("end", () => {
      if (request.url?.includes("lifecycle")) return fault(response, 404, "NoSuchLifecycleConfiguration");
      if (request.url?.includes("list-type"))
        return xml(response, `<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>`);
      response.end();
    });
  }

  function xml(response: ServerResponse, body: string): void {
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(body);
  }

  function fault(response: ServerResponse, status: number, code: string): void {
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  }
});
