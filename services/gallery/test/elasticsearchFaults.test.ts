import { expect, it } from "vitest";
import { refusal } from "./fakeElasticsearch.js";
import { fakeGalleries } from "./fakeGalleries.js";
import { embedding, face, probe } from "./fixtures.js";

const { open, fake, faulty, sentTo } = fakeGalleries();
const busy = refusal(429, "es_rejected_execution_exception");
const one = face({ id: "f", identity: "i", embedding: embedding(1) });

it("enrols and searches, with the API key on every request", async () => {
  const gallery = await open();
  expect((await gallery.enrol(one)).added).toBe(true);
  const { candidates, galleryFaces } = await gallery.search(probe(embedding(1)), 5);
  expect(candidates).toMatchObject([{ identityId: "i", faceId: "f" }]);
  expect(galleryFaces).toBe(1);
  expect(fake().requests.length).toBeGreaterThan(5);
  for (const { headers } of fake().requests) expect(headers.authorization).toBe("ApiKey a2V5OnNlY3JldA==");
});

it("sends again only what a busy server refused of a _bulk", async () => {
  const gallery = await open();
  let refused = 0;
  fake().fault = (request, response) => {
    if (!request.path.endsWith("_bulk") || refused > 1) return undefined;
    refused++;
    // The first operation is done, the others are not.
    const lines = request.body.trimEnd().split("\n");
    const first = fake().answer({ ...request, body: `${lines.slice(0, 2).join("\n")}\n` }).body as {
      items: unknown[];
    };
    const others = lines.slice(2).filter((_, i) => i % 2 === 0);
    fake().reply(response, 200, {
      errors: true,
      items: [...first.items, ...others.map(() => ({ index: busy.body }))],
    });
    return "handled";
  };
  expect((await gallery.enrol(one)).added).toBe(true);
  // Each of the two that were refused left one operation less for the next.
  expect(sentTo("_bulk").map(({ body }) => body.trimEnd().split("\n").length / 2)).toEqual([2, 1]);
  fake().fault = undefined;
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
  const gallery = await open({ patienceMs: 300 });
  await gallery.enrol(one);
  fake().fault = (_request, response) => {
    fake().reply(response, answer.status, answer.body);
    return "handled";
  };
  const unavailable = { code: "gallery_unavailable", retryable: true };
  await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject(unavailable);
  await expect(gallery.enrol(face({ id: "g", identity: "j" }))).rejects.toMatchObject(unavailable);
  await expect(gallery.deleteFace("f")).rejects.toMatchObject(unavailable);
  expect(gallery.ready()).toBe(false);
  fake().fault = undefined;
  await expect.poll(() => gallery.ready(), { timeout: 10_000 }).toBe(true);
  expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
});

it("adds a face once where the answer to its _bulk was cut off", async () => {
  const gallery = await open();
  let cut = 0;
  fake().fault = (request, response) => {
    if (!request.path.endsWith("_bulk") || cut++ > 0) return undefined;
    fake().answer(request);
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
  fake().fault = (request, response) => {
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
  fake().fault = (_request, response) => {
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
