import { request as httpRequest } from "node:http";
import sharp from "sharp";
import { newJobId } from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  PIXEL,
  codeOf,
  extracted,
  postPixel,
  readEvents,
  sheetOf,
  startMesh,
  type Mesh,
} from "./meshFixture.js";
import { openRawSocket } from "./rawSocket.js";

const MIB = 1024 * 1024;

/** One behaviour, whichever server serves it. */
describe.each(["uws", "node"])("the gateway on %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  const post = (body: BodyInit, headers: Record<string, string> = {}, query = "") =>
    fetch(`${mesh.url}/v1/jobs${query}`, { method: "POST", body, headers });

  describe("pictures", () => {
    it("are served once they are made", async () => {
      const { jobId } = await postPixel(mesh.url);
      const asked = fetch(`${mesh.url}/v1/jobs/${jobId}/photo.jpg`);
      await mesh.publish(extracted(jobId, 2));
      await mesh.blobs.put(jobBlobKey(jobId, "photo.jpg"), Buffer.from([1, 2, 3]), "image/jpeg");
      const sheet = await sheetOf([200, 40]);
      await mesh.blobs.put(jobBlobKey(jobId, "faces.jpg"), sheet, "image/jpeg");
      const photo = await asked;
      expect(photo.status).toBe(200);
      expect(photo.headers.get("content-type")).toBe("image/jpeg");
      expect(photo.headers.get("cache-control")).toBe("no-store");
      expect([...new Uint8Array(await photo.arrayBuffer())]).toEqual([1, 2, 3]);
      const faces = await fetch(`${mesh.url}/v1/jobs/${jobId}/faces.jpg`);
      expect(Buffer.from(await faces.arrayBuffer()).equals(sheet)).toBe(true);
      for (const [face, grey] of [200, 40].entries()) {
        const one = await fetch(`${mesh.url}/v1/jobs/${jobId}/faces/${face}.jpg`);
        expect(one.headers.get("content-type")).toBe("image/jpeg");
        const image = sharp(await one.arrayBuffer());
        expect(await image.metadata()).toMatchObject({ format: "jpeg", width: 112, height: 112 });
        expect((await image.stats()).channels[0]).toMatchObject({ min: grey, max: grey });
      }
      expect((await fetch(`${mesh.url}/v1/jobs/${jobId}/faces/2.jpg`)).status).toBe(404);
      expect((await fetch(`${mesh.url}/v1/jobs/${jobId}/faces/..%2Fupload.jpg`)).status).toBe(404);
    });

    it("of 3 MB arrive whole", async () => {
      const { jobId } = await postPixel(mesh.url);
      const bytes = Buffer.alloc(3 * MIB, 7);
      await mesh.blobs.put(jobBlobKey(jobId, "photo.jpg"), bytes, "image/jpeg");
      const response = await fetch(`${mesh.url}/v1/jobs/${jobId}/photo.jpg`);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    });
  });

  describe("deleting a job", () => {
    it("tells viewers, empties every store and says what it found", async () => {
      const { jobId } = await postPixel(mesh.url);
      await mesh.publish(extracted(jobId, 1));
      await mesh.blobs.put(jobBlobKey(jobId, "photo.jpg"), Buffer.from([1]), "image/jpeg");
      const reading = fetch(`${mesh.url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
      const response = await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        jobId,
        stores: [
          { store: "images", found: 1, foundAgain: 0 },
          { store: "faces", found: 0, foundAgain: 0 },
          { store: "embeddings", found: 0, foundAgain: 0 },
          { store: "results", found: 2, foundAgain: 0 },
          { store: "blobs", found: 2, foundAgain: 0 },
        ],
      });
      expect((await reading).at(-1)).toMatchObject({ event: "complete", data: { state: "deleted" } });
      expect(await mesh.blobs.list(jobBlobKey(jobId, "upload").replace("upload", ""))).toEqual([]);
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}`))).toBe("410 job_deleted");
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" }))).toBe(
        "410 job_deleted",
      );
      const other = await mesh.another();
      expect(await codeOf(await fetch(`${other.url}/v1/jobs/${jobId}`))).toBe("410 job_deleted");
    });

    it("goes on where a deletion was interrupted", async () => {
      const { jobId } = await postPixel(mesh.url);
      const erase = () => fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
      expect((await erase()).status).toBe(200);
      // As if the blob store had been away: what it still has is found by asking again.
      await mesh.blobs.put(jobBlobKey(jobId, "photo.jpg"), Buffer.from([1]), "image/jpeg");
      const again = await erase();
      expect(again.status).toBe(200);
      expect(((await again.json()) as { stores: object[] }).stores).toContainEqual({
        store: "blobs",
        found: 1,
        foundAgain: 0,
      });
      expect(await codeOf(await erase())).toBe("410 job_deleted");
    });

    it("that never was is a failure", async () => {
      const address = `${mesh.url}/v1/jobs/${newJobId(Date.now())}`;
      expect(await codeOf(await fetch(address, { method: "DELETE" }))).toBe("404 job_not_found");
    });
  });

  describe("addresses", () => {
    it.each(["/healthz", "/readyz", "/v1/about", "/v1/status", "/v1/openapi.json"])(
      "%s answers GET and HEAD",
      async (path) => {
        const got = await fetch(mesh.url + path);
        expect(got.status).toBe(200);
        expect(got.headers.get("x-content-type-options")).toBe("nosniff");
        expect(got.headers.get("content-security-policy")).toContain("default-src 'none'");
        const head = await fetch(mesh.url + path, { method: "HEAD" });
        expect(head.status).toBe(200);
        expect(head.headers.get("content-type")).toBe(got.headers.get("content-type"));
        expect(await head.text()).toBe("");
      },
    );

    it("answer HEAD for a stream of events without beginning it", async () => {
      const { jobId } = await postPixel(mesh.url);
      const head = await fetch(`${mesh.url}/v1/jobs/${jobId}/events`, { method: "HEAD" });
      expect(head.status).toBe(200);
      expect(await head.text()).toBe("");
    });

    it("that are none are 404, and methods that are none 405 with those that are", async () => {
      expect(await codeOf(await fetch(`${mesh.url}/v1/nothing`))).toBe("404 not_found");
      const response = await fetch(`${mesh.url}/v1/jobs`, { method: "PUT", body: "x" });
      expect(response.headers.get("allow")).toBe("POST");
      expect(await codeOf(response)).toBe("405 method_not_allowed");
    });

    it("are not answered under a name that only means this machine by accident", async () => {
      const status = await new Promise((resolve, reject) => {
        const request = httpRequest(
          `${mesh.url}/v1/status`,
          { headers: { host: "rebound.example" } },
          (response) => resolve(response.resume().statusCode),
        );
        request.once("error", reject);
        request.end();
      });
      expect(status).toBe(400);
    });

    it("take no photo from a page of another site", async () => {
      expect(await codeOf(await post(PIXEL, { origin: "http://elsewhere.example" }))).toBe("400 bad_request");
      expect((await post(PIXEL, { origin: mesh.url })).status).toBe(202);
    });
  });

  it("serves many requests over one connection, bodies unread or not", async () => {
    for (let i = 0; i < 20; i++) {
      expect(
        (await fetch(`${mesh.url}/v1/nothing`, { method: "POST", body: new Uint8Array(100_000) })).status,
      ).toBe(404);
    }
  });

  it("closes viewers' streams and stops listening, twice if asked", async () => {
    const other = await mesh.another();
    const { jobId } = await postPixel(other.url);
    const live = await openRawSocket(other.url);
    const reading = fetch(`${other.url}/v1/jobs/${jobId}/events`)
      .then(readEvents)
      .catch(() => []);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([other.close(), other.close()]);
    await reading;
    await expect.poll(() => live.closed()).toBe(true);
    await expect(fetch(`${other.url}/healthz`)).rejects.toThrow();
  });
});
