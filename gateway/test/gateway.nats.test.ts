import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import sharp from "sharp";
import { WebSocket } from "ws";
import { newJobId } from "@similarfaces/contracts";
import { jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EVENTS_OF_ONE_FACE,
  PIXEL,
  answerAll,
  answers,
  extracted,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
  sheetOf,
} from "./meshFixture.js";

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
  const codeOf = async (response: Response) => {
    const { failure } = (await response.json()) as { failure: { code: string; message: string } };
    expect(failure.message).not.toBe("");
    return `${response.status} ${failure.code}`;
  };

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

    it.each(["?stages=soul", "?faces=0", "?faces=65", "?faces=many", "?matches=0"])(
      "with the query %s is refused",
      async (query) => expect(await codeOf(await post(PIXEL, {}, query))).toBe("400 bad_request"),
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

  describe("waiting", () => {
    it("answers 200 with the whole job when it is complete in time", async () => {
      const unwatch = answerNextJob(mesh);
      const response = await post(PIXEL, { prefer: "respond-async, wait=10" });
      unwatch();
      const job = (await response.json()) as { state: string; faces: { fields: object }[] };
      expect(response.status).toBe(200);
      expect(response.headers.get("preference-applied")).toBe("wait=10");
      expect(job.state).toBe("complete");
      expect(Object.keys(job.faces[0]!.fields)).toEqual(["quality", "embed", "match", "age", "gender"]);
    });

    it("answers 202 with what there is when it is not", async () => {
      const response = await post(PIXEL, { prefer: "wait=1" });
      expect(response.status).toBe(202);
      expect(((await response.json()) as { state: string }).state).toBe("running");
    });
  });

  describe("a job's state", () => {
    it("grows with its results", async () => {
      const { jobId } = await postPixel(mesh.url);
      const state = async () => {
        const job = (await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as {
          state: string;
          sequence: number;
          faces: { fields: Record<string, { state: string }> }[];
        };
        return job;
      };
      expect((await state()).state).toBe("running");
      await mesh.publish(extracted(jobId, 2));
      await expect.poll(async () => (await state()).faces.length).toBe(2);
      const before = (await state()).sequence;
      for (const result of answers(jobId, 0)) await mesh.publish(result);
      await expect.poll(async () => (await state()).faces[0]!.fields["age"]!.state).toBe("done");
      expect((await state()).faces[1]!.fields["age"]!.state).toBe("pending");
      expect((await state()).sequence).toBeGreaterThan(before);
    });

    it("without a face is complete", async () => {
      const { jobId } = await postPixel(mesh.url);
      await mesh.publish(extracted(jobId, 0));
      await expect
        .poll(
          async () =>
            ((await (await fetch(`${mesh.url}/v1/jobs/${jobId}`)).json()) as { state: string }).state,
        )
        .toBe("complete");
    });

    it.each([
      ["no id", "nonsense", "404 job_not_found"],
      ["an id that never was", newJobId(Date.now()), "404 job_not_found"],
      ["an id older than its time to live", newJobId(Date.now() - 3_600_000), "410 job_expired"],
    ])("of %s is a failure", async (_, jobId, expected) => {
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}`))).toBe(expected);
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}/events`))).toBe(expected);
    });
  });

  describe("server-sent events", () => {
    it("bring every result in order and end with complete, in the same response as the photo", async () => {
      const unwatch = answerNextJob(mesh);
      const response = await post(PIXEL, { accept: "text/event-stream" });
      expect(response.headers.get("content-type")).toMatch("text/event-stream");
      const events = await readEvents(response);
      unwatch();
      expect(events.map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
      expect(events[1]!.data.extract!.faces[0]!.index).toBe(0);
      expect(events.at(-1)!.data).toMatchObject({ state: "complete", faces: 1, expired: [] });
    });

    it("go on after the last id that was seen", async () => {
      const { jobId } = await postPixel(mesh.url);
      await mesh.publish(extracted(jobId, 1));
      const address = `${mesh.url}/v1/jobs/${jobId}/events`;
      const seen = await readEvents(await fetch(address), 2);
      expect(seen.map(({ event }) => event)).toEqual(["accepted", "extract"]);
      for (const result of answers(jobId, 0)) await mesh.publish(result);
      const resumed = await readEvents(await fetch(address, { headers: { "last-event-id": seen[1]!.id } }));
      expect(resumed.map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE.slice(2));
      const after = await readEvents(await fetch(`${address}?after=${resumed.at(-2)!.id}`));
      expect(after.map(({ event }) => event)).toEqual(["complete"]);
    });

    it("of a job that another gateway took are the same", async () => {
      const other = await mesh.another();
      const { jobId } = await postPixel(mesh.url);
      const reading = fetch(`${other.url}/v1/jobs/${jobId}/events`).then((response) => readEvents(response));
      await answerAll(mesh, jobId);
      expect((await reading).map(({ event }) => event)).toEqual(EVENTS_OF_ONE_FACE);
    });

    it("refuse an id that is none", async () => {
      const { jobId } = await postPixel(mesh.url);
      expect(await codeOf(await fetch(`${mesh.url}/v1/jobs/${jobId}/events?after=x`))).toBe(
        "400 bad_request",
      );
    });
  });

  describe("the live socket", () => {
    it("brings the results of the jobs that it watches", async () => {
      const live = await openLive(mesh.url);
      const [one, two] = [await postPixel(mesh.url), await postPixel(mesh.url)];
      live.send({ type: "watch", jobId: one.jobId });
      live.send({ type: "watch", jobId: two.jobId });
      await answerAll(mesh, one.jobId);
      await answerAll(mesh, two.jobId, 2);
      await expect.poll(() => live.messages.filter(({ type }) => type === "complete").length).toBe(2);
      const events = live.messages.filter(({ type, jobId }) => type === "result" && jobId === one.jobId);
      expect(events.map(({ event }) => event.stage)).toEqual(EVENTS_OF_ONE_FACE.slice(0, -1));
      live.close();
    });

    it("resumes after a sequence", async () => {
      const { jobId } = await postPixel(mesh.url);
      await answerAll(mesh, jobId);
      const first = await openLive(mesh.url);
      first.send({ type: "watch", jobId, after: 0 });
      await expect.poll(() => first.messages.at(-1)?.type).toBe("complete");
      first.close();
      const extract = first.messages.find(({ event }) => event?.stage === "extract")!;
      const second = await openLive(mesh.url);
      second.send({ type: "watch", jobId, after: extract.sequence });
      await expect.poll(() => second.messages.at(-1)?.type).toBe("complete");
      expect(second.messages[0]!.event.stage).toBe("embed");
      second.close();
    });

    it("tells what it cannot watch, and stays open", async () => {
      const live = await openLive(mesh.url);
      live.send({ type: "watch", jobId: newJobId(Date.now()) });
      live.send({ type: "sing" });
      live.sendText("no JSON");
      await expect
        .poll(() => live.messages.map(({ failure }) => failure.code).sort())
        .toEqual(["bad_request", "bad_request", "job_not_found"]);
      live.close();
    });

    it("stops when told to", async () => {
      const { jobId } = await postPixel(mesh.url);
      const live = await openLive(mesh.url);
      live.send({ type: "watch", jobId });
      await expect.poll(() => live.messages.length).toBe(1);
      live.send({ type: "unwatch", jobId });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await answerAll(mesh, jobId);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(live.messages.length).toBe(1);
      live.close();
    });

    it("watches 64 jobs and no more", async () => {
      const live = await openLive(mesh.url);
      const jobs = await Promise.all(Array.from({ length: 65 }, () => postPixel(mesh.url)));
      for (const { jobId } of jobs) live.send({ type: "watch", jobId });
      await expect.poll(() => live.messages.length).toBe(65);
      expect(live.messages.filter(({ type }) => type === "failure").map(({ jobId }) => jobId)).toEqual([
        jobs[64]!.jobId,
      ]);
      live.close();
    });

    it("is closed for a message beyond its limit, and for binary", async () => {
      const large = await openLive(mesh.url);
      large.sendText("x".repeat(100_000));
      await expect.poll(() => large.closed()).toBe(true);
      const binary = await openLive(mesh.url);
      binary.sendBytes(new Uint8Array(10));
      await expect.poll(() => binary.closed()).toBe(true);
    });

    it("is refused to a page of another site, and elsewhere", async () => {
      await expect(openLive(mesh.url, { origin: "http://elsewhere.example" })).rejects.toThrow("400");
      await expect(openLive(`${mesh.url}/v1/other`)).rejects.toThrow("404");
    });
  });

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
        expect(await image.metadata()).toMatchObject({ format: "jpeg", width: 144, height: 144 });
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
    const live = await openLive(other.url);
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

/** A PNG of which there is only the header. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from("89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000", "hex");
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}

/** Plays all stages for the next job that is published. */
function answerNextJob(mesh: Mesh): () => void {
  const subscription = mesh.broker.nc.subscribe("sf.v2.work.*.image", {
    max: 1,
    callback: (_, message) => void answerAll(mesh, message.subject.split(".")[3]!),
  });
  return () => subscription.unsubscribe();
}

interface LiveMessage {
  type: string;
  jobId: string;
  sequence: number;
  event: { stage: string };
  failure: { code: string };
}

async function openLive(url: string, headers: Record<string, string> = {}) {
  const address = new URL(url);
  if (address.pathname === "/") address.pathname = "/v1/live";
  address.protocol = "ws:";
  const socket = new WebSocket(address, { headers });
  const messages: LiveMessage[] = [];
  socket.on("message", (data: Buffer) => messages.push(JSON.parse(data.toString()) as LiveMessage));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return {
    messages,
    send: (message: object) => socket.send(JSON.stringify(message)),
    sendText: (text: string) => socket.send(text),
    sendBytes: (bytes: Uint8Array) => socket.send(bytes),
    closed: () => socket.readyState === WebSocket.CLOSED,
    close: () => socket.close(),
  };
}
