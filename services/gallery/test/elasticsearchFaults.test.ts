import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLog } from "@similarfaces/runtime";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createGallery } from "../src/operations/createGallery.js";
import { openElasticsearchGallery } from "../src/drivers/elasticsearch/driver.js";
import type { Gallery } from "../src/operations/gallery.js";
import {
  refusal,
  startFakeElasticsearch,
  type FakeElasticsearch,
  type FakeRequest,
} from "./fakeElasticsearch.js";
import { MODEL, embedding, face, memoryBlobs, probe } from "./gallerySuite.js";

const log = createLog({ service: "test", level: "silent" });
const busy = refusal(429, "es_rejected_execution_exception");
const one = face({ id: "f", identity: "i", embedding: embedding(1) });

let fake: FakeElasticsearch;
let gallery: Gallery | undefined;
beforeEach(async () => {
  fake = await startFakeElasticsearch();
});
afterEach(async () => {
  await gallery?.close();
  gallery = undefined;
  await fake.close();
});

const driver = (patienceMs = 5_000, url = fake.url, signal?: AbortSignal) =>
  openElasticsearchGallery({
    url,
    apiKey: "a2V5OnNlY3JldA==",
    index: "similarfaces-gallery",
    kind: "int8_hnsw",
    model: MODEL,
    log,
    patienceMs,
    ...(signal ? { signal } : {}),
  });
const open = async (patienceMs?: number) =>
  (gallery = createGallery(await driver(patienceMs), memoryBlobs(), MODEL));

/** The first `times` requests to `path` get this instead. */
function faulty(path: string, times: number, { status, body }: { status: number; body: unknown }): void {
  let left = times;
  fake.fault = (request, response) => {
    if (!request.path.endsWith(path) || left-- <= 0) return undefined;
    fake.reply(response, status, body);
    return "handled";
  };
}

const sentTo = (path: string): FakeRequest[] =>
  fake.requests.filter((request) => request.path.endsWith(path));

it("enrols and searches, with the API key on every request", async () => {
  const gallery = await open();
  expect((await gallery.enrol(one)).added).toBe(true);
  const { candidates, galleryFaces } = await gallery.search(probe(embedding(1)), 5);
  expect(candidates).toMatchObject([{ identityId: "i", faceId: "f" }]);
  expect(galleryFaces).toBe(1);
  expect(fake.requests.length).toBeGreaterThan(5);
  for (const { headers } of fake.requests) expect(headers.authorization).toBe("ApiKey a2V5OnNlY3JldA==");
});

it("sends again only what a busy server refused of a _bulk", async () => {
  const gallery = await open();
  let refused = 0;
  fake.fault = (request, response) => {
    if (!request.path.endsWith("_bulk") || refused > 1) return undefined;
    refused++;
    // The first operation is done, the others are not.
    const lines = request.body.trimEnd().split("\n");
    const first = fake.answer({ ...request, body: `${lines.slice(0, 2).join("\n")}\n` }).body as {
      items: unknown[];
    };
    const others = lines.slice(2).filter((_, i) => i % 2 === 0);
    fake.reply(response, 200, {
      errors: true,
      items: [...first.items, ...others.map(() => ({ index: busy.body }))],
    });
    return "handled";
  };
  expect((await gallery.enrol(one)).added).toBe(true);
  // Each of the two that were refused left one operation less for the next.
  expect(sentTo("_bulk").map(({ body }) => body.trimEnd().split("\n").length / 2)).toEqual([2, 1]);
  fake.fault = undefined;
  expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
});

it.each([
  ["_bulk", busy],
  ["_mget", busy],
  ["_bulk", refusal(503, "unavailable_shards_exception")],
  ["_mget", refusal(502, "bad_gateway")],
])("waits out an answer of %s while it passes", async (path, answer) => {
  const gallery = await open();
  faulty(path, 3, answer);
  expect((await gallery.enrol(one)).added).toBe(true);
  expect(sentTo(path).length).toBeGreaterThanOrEqual(4);
});

it.each([
  ["429", busy],
  ["503", refusal(503, "search_phase_execution_exception")],
])("waits out a search's %s, alone or in the middle of an answer", async (_, answer) => {
  const gallery = await open();
  await gallery.enrol(one);
  faulty("_msearch", 2, answer);
  expect((await gallery.search(probe(embedding(1)), 5)).candidates.length).toBe(1);
  faulty("_msearch", 2, { status: 200, body: { responses: [answer.body, { hits: { hits: [] } }] } });
  expect((await gallery.search(probe(embedding(1)), 5)).candidates.length).toBe(1);
});

it.each([
  ["stays busy", busy],
  ["stays down", refusal(503, "no_shard_available_action_exception")],
])("is unavailable while the server %s, and ready again afterwards", async (_, answer) => {
  const gallery = await open(300);
  await gallery.enrol(one);
  fake.fault = (_request, response) => {
    fake.reply(response, answer.status, answer.body);
    return "handled";
  };
  const unavailable = { code: "gallery_unavailable", retryable: true };
  await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject(unavailable);
  await expect(gallery.enrol(face({ id: "g", identity: "j" }))).rejects.toMatchObject(unavailable);
  await expect(gallery.deleteFace("f")).rejects.toMatchObject(unavailable);
  expect(gallery.ready()).toBe(false);
  fake.fault = undefined;
  await expect.poll(() => gallery.ready(), { timeout: 10_000 }).toBe(true);
  expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
});

it("adds a face once where the answer to its _bulk was cut off", async () => {
  const gallery = await open();
  let cut = 0;
  fake.fault = (request, response) => {
    if (!request.path.endsWith("_bulk") || cut++ > 0) return undefined;
    fake.answer(request);
    response.socket!.destroy();
    return "handled";
  };
  expect(await gallery.enrol(one)).toMatchObject({ identityId: "i", faceId: "f" });
  expect(cut).toBe(2);
  expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
  expect((await gallery.get("i")).faces.length).toBe(1);
});

it("asks again where a connection is cut in the middle of an answer", async () => {
  const gallery = await open();
  await gallery.enrol(one);
  let cut = 0;
  fake.fault = (request, response) => {
    if (!request.path.endsWith("_msearch") || cut++ > 0) return undefined;
    response.writeHead(200, {
      "X-Elastic-Product": "Elasticsearch",
      "content-type": "application/vnd.elasticsearch+json;compatible-with=9",
      "content-length": "1000",
    });
    response.write('{"responses":[');
    setTimeout(() => response.socket!.destroy(), 20);
    return "handled";
  };
  expect((await gallery.search(probe(embedding(1)), 5)).candidates.length).toBe(1);
});

it("is unavailable where an answer makes no sense", async () => {
  const gallery = await open();
  fake.fault = (_request, response) => {
    response.writeHead(200, {
      "X-Elastic-Product": "Elasticsearch",
      "content-type": "application/vnd.elasticsearch+json;compatible-with=9",
    });
    response.end("{");
    return "handled";
  };
  await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject({ code: "gallery_unavailable" });
});

it("is full at once where the disk is: no pause of ours frees it", async () => {
  const gallery = await open();
  const block = refusal(
    429,
    "cluster_block_exception",
    "index [g] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];",
  );
  faulty("_bulk", 99, block);
  await expect(gallery.enrol(one)).rejects.toMatchObject({ code: "gallery_full" });
  const item = { index: block.body };
  faulty("_bulk", 99, { status: 200, body: { errors: true, items: [item, item] } });
  await expect(gallery.enrol(one)).rejects.toMatchObject({ code: "gallery_full" });
  expect(sentTo("_bulk").length).toBe(2);
  expect(gallery.ready()).toBe(true);
});

it("refuses a server that is no Elasticsearch, at the start and while serving", async () => {
  fake.product = undefined;
  await expect(driver()).rejects.toMatchObject({ code: "wrong_product", retryable: false });
  fake.product = "Another";
  await expect(driver()).rejects.toMatchObject({ code: "wrong_product" });
  fake.product = "Elasticsearch";
  const gallery = await open();
  fake.product = undefined;
  await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject({ code: "wrong_product" });
});

it.each(["8.19.2", "10.0.0", "7.17.0"])("refuses version %s", async (version) => {
  fake.version = version;
  await expect(driver()).rejects.toMatchObject({
    code: "wrong_product",
    message: expect.stringContaining(version) as string,
  });
});

it("refuses what does not know the client's media type, and pages of something else", async () => {
  faulty("_nodes", 9, refusal(400, "media_type_header_exception"));
  await expect(driver()).rejects.toMatchObject({ code: "wrong_product" });
  fake.fault = (_request, response) => {
    response.writeHead(404, { "content-type": "text/html" });
    response.end("<h1>Not found</h1>");
    return "handled";
  };
  await expect(driver()).rejects.toMatchObject({ code: "wrong_product" });
});

it("takes part where another replica makes the index first", async () => {
  let created = 0;
  fake.fault = (request, response) => {
    if (request.method !== "PUT" || !request.path.endsWith("-000001") || created++ > 0) return undefined;
    fake.answer(request);
    const late = refusal(400, "resource_already_exists_exception");
    fake.reply(response, late.status, late.body);
    return "handled";
  };
  const gallery = await open();
  expect((await gallery.enrol(one)).added).toBe(true);
  expect(created).toBe(1);
});

it("waits for a server that is not up yet, until it is told to give up", async () => {
  const { port, url } = fake;
  await fake.close();
  await expect(driver(200, url)).rejects.toMatchObject({ code: "gallery_unavailable" });

  const given = new AbortController();
  const hopeless = driver(200, url, given.signal);
  setTimeout(() => given.abort(), 300);
  await expect(hopeless).rejects.toMatchObject({ code: "gallery_unavailable" });

  const waiting = driver(200, url, new AbortController().signal);
  await new Promise((resolve) => setTimeout(resolve, 300));
  fake = await startFakeElasticsearch({ port });
  gallery = createGallery(await waiting, memoryBlobs(), MODEL);
  expect((await gallery.enrol(one)).added).toBe(true);
});

const hasOpenssl = spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
it.skipIf(!hasOpenssl)("trusts the authority of NODE_EXTRA_CA_CERTS and no other (openssl)", async () => {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-tls-"));
  const [key, cert] = [join(dir, "tls.key"), join(dir, "tls.crt")];
  const subject = ["-subj", "/CN=similarfaces test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert];
  await promisify(execFile)("openssl", [...args, ...subject]);
  const secure = await startFakeElasticsearch({
    tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") },
  });
  // Node.js reads the variable once, as it starts.
  const program = `
    const { openElasticsearchGallery } = await import(${JSON.stringify(new URL("../dist/drivers/elasticsearch/driver.js", import.meta.url))});
    const log = { info() {}, warn() {}, error() {} };
    const options = { url: ${JSON.stringify(secure.url)}, index: "g", kind: "flat", model: "m", log, patienceMs: 100 };
    const said = await openElasticsearchGallery(options).then((driver) => driver.close().then(() => "opened"), ({ code }) => code);
    console.log(said);`;
  const run = async (env: object) => {
    const node = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, node, { env: { ...process.env, ...env } });
    return stdout.trim();
  };
  try {
    expect(await run({ NODE_EXTRA_CA_CERTS: cert })).toBe("opened");
    expect(await run({ NODE_EXTRA_CA_CERTS: "" })).toBe("gallery_unavailable");
  } finally {
    await secure.close();
    rmSync(dir, { recursive: true });
  }
});
