import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Gateway, readEvents, type StreamEvent } from "@similarfaces/client";
import type { ResultEvent } from "@similarfaces/contracts";
import { isAlive } from "../src/supervisor/processIdentity.js";
import {
  allAnswers,
  analyse,
  answered,
  failuresOf,
  follow,
  sample,
  snapshot,
  submit,
  type SampleName,
} from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const MIB = 1024 * 1024;

describe("the mesh on one machine", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ env: { SAMPLE_GALLERY: "true" } });
  });
  afterAll(() => mesh?.stop());

  it("enrols the sample gallery on the first start, goes on where it was interrupted, and says so in one line, after which models run", async () => {
    const index = JSON.parse(await readFile("models/samples/gallery/index.json", "utf8")) as unknown[];
    await expect.poll(() => facesInGallery(mesh.url), { timeout: 60_000 }).toBeGreaterThan(5);
    mesh.kill("supervisor");
    await mesh.restart();
    await mesh.printed("sample gallery is enrolled");
    expect(await facesInGallery(mesh.url)).toBe(index.length);
    expect(mesh.output().trim().split("\n")).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}models: detect, refine, .* as (int8|float32)/),
      `similarfaces is at ${mesh.url} (Ctrl-C ends it)`,
      expect.stringMatching(/^served by .*; nats-server \d/),
      expect.stringMatching(/^The sample gallery is enrolled: \d+ faces of nobody\.$/),
    ]);
  });

  it("streams results in the answer to the photo, boxes first, complete last", async () => {
    const response = await fetch(`${mesh.url}/v1/jobs`, {
      method: "POST",
      headers: { accept: "text/event-stream" },
      body: new Uint8Array(await sample("portrait-1")),
    });
    expect(response.status).toBe(200);
    const events = (await collect(response)).map(({ event, data }) => ({
      event,
      data: JSON.parse(data) as ResultEvent,
    }));
    expect(events.map(({ event }) => event).slice(0, 2)).toEqual(["accepted", "extract"]);
    expect(events.at(-1)!.event).toBe("complete");
    const of = (stage: string) => events.find(({ event }) => event === stage)!.data;
    const [age, gender] = of("attributes").analysis!.answers;
    expect(age!.measure!.value).toBeGreaterThan(0);
    expect(gender!.classification!.probabilities.length).toBe(2);
    expect(of("match").match!.matches).toHaveLength(5);
    expect(of("match").match!.matches[0]!.name).toMatch(/^Composite \d{3}$/);
    for (const { event, data } of events) {
      if (event === "accepted" || event === "complete") continue;
      expect(data.model, event).toMatch(/@/);
      const { queuedAtMs, startedAtMs, finishedAtMs } = data.timings!;
      expect(startedAtMs).toBeGreaterThanOrEqual(queuedAtMs);
      expect(finishedAtMs).toBeGreaterThanOrEqual(startedAtMs);
    }
  });

  it.each<[SampleName, number]>([
    ["portrait-1", 1],
    ["group-4", 4],
    ["group-18", 18],
    ["closeup", 1],
    ["nobody", 0],
  ])("answers everything about %s, each once", async (name, faces) => {
    const seen = await analyse(mesh.url, await sample(name));
    expect(answered(seen)).toEqual(allAnswers(faces));
    expect(seen.completion).toMatchObject({ state: "complete", faces, expired: [] });
    expect(failuresOf(seen)).toEqual([]);
  });

  it("answers everything about a crowd of 48 megapixels, each once", async () => {
    const seen = await analyse(mesh.url, await sample("crowd-48mp"));
    const { faces } = seen.completion;
    expect(faces).toBe(64);
    expect(answered(seen)).toEqual(allAnswers(faces));
  });

  it("answers when complete where the client prefers to wait, and leaves photo and faces as pictures", async () => {
    const response = await fetch(`${mesh.url}/v1/jobs`, {
      method: "POST",
      headers: { prefer: "wait=30" },
      body: new Uint8Array(await sample("portrait-1")),
    });
    expect(response.status).toBe(200);
    const job = (await response.json()) as { jobId: string; state: string };
    expect(job.state).toBe("complete");
    for (const picture of ["photo.jpg", "faces/0.jpg"]) {
      const jpeg = await fetch(`${mesh.url}/v1/jobs/${job.jobId}/${picture}`);
      expect(jpeg.status, picture).toBe(200);
      expect(jpeg.headers.get("content-type")).toBe("image/jpeg");
      await jpeg.body?.cancel();
    }
  });

  it("gives a client that comes back with its last event's id the rest, each result once", async () => {
    const jobId = await submit(mesh.url, await sample("group-4"));
    await follow(mesh.url, jobId);
    const address = `${mesh.url}/v1/jobs/${jobId}/events`;
    const all = await collect(await fetch(address));
    const resumable = all.flatMap(({ id }, index) => (id === undefined ? [] : [index]));
    for (const seen of [0, Math.floor(resumable.length / 2), resumable.length - 1]) {
      const last = resumable[seen]!;
      const rest = await collect(await fetch(address, { headers: { "last-event-id": all[last]!.id! } }));
      expect(rest).toEqual(all.slice(last + 1));
    }
  });

  it("forgets a job on request, with a receipt", async () => {
    const { jobId } = await analyse(mesh.url, await sample("portrait-1"));
    const receipt = await fetch(`${mesh.url}/v1/jobs/${jobId}`, { method: "DELETE" });
    expect(receipt.status).toBe(200);
    expect((await fetch(`${mesh.url}/v1/jobs/${jobId}`)).status).toBe(410);
  });

  describe("bad input", () => {
    const answersOf = async (body: Uint8Array<ArrayBuffer>, type = "image/jpeg") => {
      const headers = { "content-type": type };
      const response = await fetch(`${mesh.url}/v1/jobs`, { method: "POST", headers, body });
      const { failure } = (await response.json()) as { failure?: { code: string; message: string } };
      return [response.status, failure?.code];
    };

    it.each<[string, number, string, () => Uint8Array<ArrayBuffer>]>([
      ["an empty body", 400, "empty_body", () => new Uint8Array(0)],
      ["text named .jpg", 415, "unsupported_type", () => bytes("these are words, not pixels\n".repeat(100))],
      [
        "SVG",
        415,
        "unsupported_type",
        () => bytes(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`),
      ],
      ["a PNG of 70 megapixels", 422, "image_too_large", () => pngHeader(10_000, 7_000)],
      ["a header that makes no sense", 422, "unreadable_image", () => bytes("\u00ff\u00d8\u00ff", "latin1")],
      ["a body over 20 MiB", 413, "body_too_large", () => new Uint8Array(21 * MIB).fill(0xff)],
    ])("%s is %d %s before it is a job", async (_name, status, code, body) => {
      expect(await answersOf(body())).toEqual([status, code]);
    });

    it("a JPEG that was cut short is a failure of its job", async () => {
      const photo = await sample("portrait-1");
      const seen = await analyse(mesh.url, photo.subarray(0, photo.length / 3));
      expect(failuresOf(seen).map(({ code }) => code)).toEqual(["undecodable_image"]);
      expect(failuresOf(seen)[0]!.message.length).toBeGreaterThan(10);
    });

    it("one pixel is a job without faces", async () => {
      const pixel = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
      const seen = await analyse(mesh.url, pixel);
      expect(seen.completion).toMatchObject({ state: "complete", faces: 0 });
    });

    it("has ended no process, and the next photo is analysed", async () => {
      const { children } = mesh.state();
      const seen = await analyse(mesh.url, await sample("portrait-1"));
      expect(answered(seen)).toEqual(allAnswers(1));
      expect(mesh.state().children).toEqual(children);
      expect(mesh.output()).not.toMatch(/started again/);
    });
  });

  it("prints one line per job, and what was wrong with it", async () => {
    const photo = await sample("portrait-1");
    const good = await analyse(mesh.url, photo);
    const bad = await analyse(mesh.url, photo.subarray(0, photo.length / 3));
    const linesOf = (jobId: string) =>
      mesh
        .output()
        .split("\n")
        .filter((line) => line.includes(jobId));
    await expect.poll(() => linesOf(bad.jobId)).toHaveLength(1);
    expect(linesOf(good.jobId)).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d +1 face +\d+ ms  job \S+$/)]);
    expect(linesOf(bad.jobId)[0]).toMatch(/failed: extract undecodable_image$/);
  });

  it("ends with code 0 on SIGTERM and leaves nothing running; a second start has its jobs and its gallery", async () => {
    const faces = await facesInGallery(mesh.url);
    const { jobId } = await analyse(mesh.url, await sample("portrait-1"));
    const { supervisor, children } = mesh.state();
    expect(await mesh.end("SIGTERM")).toBe(0);
    for (const child of [supervisor, ...Object.values(children)]) expect(isAlive(child)).toBe(false);
    await mesh.restart();
    expect((await snapshot(mesh.url, jobId)).state).toBe("complete");
    expect(await facesInGallery(mesh.url)).toBe(faces);
    const seen = await analyse(mesh.url, await sample("portrait-1"));
    expect(answered(seen)).toEqual(allAnswers(1));
    expect(mesh.output()).not.toContain("sample gallery");
  });
});

async function collect(response: Response): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEvents(response.body!)) events.push(event);
  return events;
}

async function facesInGallery(url: string): Promise<number> {
  return (await new Gateway({ url }).gallery.statistics()).faces;
}

function bytes(text: string, encoding: BufferEncoding = "utf8"): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, encoding));
}

/** The first chunk of a PNG: its size is all that is looked at. */
function pngHeader(width: number, height: number): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(33);
  Buffer.from("89504e470d0a1a0a0000000d49484452", "hex").copy(header);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 2, 0, 0, 0], 24);
  return Uint8Array.from(header);
}
