import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PIXEL, codeOf, imageWorkOf, postPixel, startMesh, type Mesh } from "./meshFixture.js";

const MIB = 1024 * 1024;

/** One behaviour, whichever server serves it. */
describe.each(["uws", "node"])("photos on %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  const post = (body: BodyInit, headers: Record<string, string> = {}, query = "") =>
    fetch(`${mesh.url}/v1/jobs${query}`, { method: "POST", body, headers });

  describe("a photo", () => {
    it("is taken with 202, an id, times and links", async () => {
      const response = await post(PIXEL);
      const job = (await response.json()) as {
        jobId: string;
        acceptedAtMs: number;
        deadlineAtMs: number;
        links: object;
      };
      expect(response.status).toBe(202);
      expect(response.headers.get("location")).toBe(`/v1/jobs/${job.jobId}`);
      expect(job.deadlineAtMs - job.acceptedAtMs).toBe(60_000);
      expect(job.links).toEqual({
        self: `/v1/jobs/${job.jobId}`,
        events: `/v1/jobs/${job.jobId}/events`,
        photo: `/v1/jobs/${job.jobId}/photo.jpg`,
        live: "/v1/live",
      });
    });

    it("may come as a file of a form", async () => {
      const form = new FormData();
      form.set("photo", new Blob([PIXEL]), "pixel.gif");
      expect((await post(form)).status).toBe(202);
    });

    it("may come in a form with spaces after a boundary, and without a file name", async () => {
      const headers = { "content-type": "multipart/form-data; boundary=X" };
      const disposition = 'Content-Disposition: form-data; name="photo"';
      const form = (head: string) =>
        Buffer.concat([Buffer.from(`--X  \r\n${head}\r\n\r\n`), PIXEL, Buffer.from("\r\n--X--\r\n")]);
      expect((await post(form(`${disposition}; filename="pixel.gif"`), headers)).status).toBe(202);
      expect((await post(form(`${disposition}\r\nContent-Type: image/gif`), headers)).status).toBe(202);
      expect(await codeOf(await post(form("Content-Type: image/gif"), headers))).toBe("400 bad_request");
    });

    it("is stored as it came, and published as work", async () => {
      const { jobId } = await postPixel(mesh.url, "?stages=age&faces=3");
      expect(Buffer.from((await mesh.blobs.get(jobBlobKey(jobId, "upload")))!.bytes)).toEqual(PIXEL);
      const { messages } = (await mesh.broker.jsm.streams.info("SF_IMAGES")).state;
      expect(messages).toBeGreaterThan(0);
    });

    it("is looked at with the score that a face must have, the deployment's where none is asked for", async () => {
      for (const [query, minScore] of [
        ["", 0],
        ["?minScore=", 0],
        ["?minScore=0.7", 0.7],
        ["?minScore=1", 1],
      ] as const) {
        const { jobId } = await postPixel(mesh.url, query);
        expect((await imageWorkOf(mesh, jobId)).options).toMatchObject({
          minScore,
          facesMax: 64,
          matchCount: 5,
        });
      }
    });

    it("is looked at by the stages asked for and what they need", async () => {
      const { jobId } = await postPixel(mesh.url, "?stages=match");
      const job = (await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as {
        accepted: { stages: string[] };
      };
      expect(job.accepted.stages).toEqual(["extract", "embed", "match"]);
    });

    it.each([
      ["nothing at all", new Uint8Array(), "400 empty_body"],
      ["text named .jpg", Buffer.from("this is no photo, whatever it is called"), "415 unsupported_type"],
      ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), "415 unsupported_type"],
      ["a JPEG cut within its header", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), "422 unreadable_image"],
      ["100 megapixels", pngHeader(10_000, 10_000), "422 image_too_large"],
      ["more than 20 MiB", new Uint8Array(21 * MIB), "413 body_too_large"],
    ])("that is %s is refused in words, and the next one is taken", async (_, body, expected) => {
      expect(await codeOf(await post(new Blob([new Uint8Array(body)])))).toBe(expected);
      expect((await post(PIXEL)).status).toBe(202);
    });

    it.each([
      "?stages=soul",
      "?faces=0",
      "?faces=65",
      "?faces=many",
      "?matches=0",
      "?minScore=1.1",
      "?minScore=-0.1",
      "?minScore=low",
    ])("with the query %s is refused", async (query) =>
      expect(await codeOf(await post(PIXEL, {}, query))).toBe("400 bad_request"),
    );

    it("in a form without one, or in a broken form, is refused", async () => {
      const form = new FormData();
      form.set("other", "text");
      expect(await codeOf(await post(form))).toBe("400 bad_request");
      const broken = { "content-type": "multipart/form-data; boundary=x" };
      expect(await codeOf(await post("--x\r\nContent-Disposition: form-data", broken))).toBe(
        "400 bad_request",
      );
    });

    it("beyond 20 MiB of unannounced length is refused too", async () => {
      const chunk = new Uint8Array(MIB);
      const status = await new Promise<number>((resolve, reject) => {
        const request = httpRequest(`${mesh.url}/v1/jobs`, { method: "POST" }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.once("error", reject);
        for (let i = 0; i < 22; i++) request.write(chunk);
        request.end();
      });
      expect(status).toBe(413);
    });

    it("whose sender goes away in the middle harms nobody", async () => {
      const { port } = new URL(mesh.url);
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {});
      socket.write(`POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nGIF89a`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
      expect((await post(PIXEL)).status).toBe(202);
    });
  });
});

/** A PNG of which there is only the header. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000", "hex");
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}
