import { Client } from "@elastic/elasticsearch";
import { createLog } from "@similarfaces/runtime";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openElasticsearchGallery } from "../src/drivers/elasticsearch/driver.js";
import { rebuildIndex } from "../src/drivers/elasticsearch/rebuild.js";
import { INDEX_KINDS, type ElasticsearchOptions } from "../src/drivers/elasticsearch/settings.js";
import { createGallery } from "../src/operations/createGallery.js";
import type { Gallery } from "../src/operations/gallery.js";
import { createIdentities } from "../src/operations/createIdentities.js";
import { deleteIndices, elasticsearchForTests, kindOf } from "./elasticsearchForTests.js";
import { MODEL, cosineOf, embedding, face, memoryBlobs, near, probe } from "./fixtures.js";
import { testGallery } from "./gallerySuite.js";

const server = await elasticsearchForTests();
/** Of a request, on a machine that has much else to do. */
const patienceMs = 30_000;
const log = createLog({ service: "test", level: "silent" });

describe.skipIf(!server)("a real Elasticsearch (ELASTICSEARCH_URL, or Java 21 and Maven Central)", () => {
  const admin = new Client({
    node: server?.adminUrl ?? "http://127.0.0.1:1",
    ...(server?.apiKey ? { auth: { apiKey: server.apiKey } } : {}),
  });
  const opened: Gallery[] = [];
  const stores: string[] = [];
  let nextStore = 0;
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((gallery) => gallery.close()));
    for (const store of stores.splice(0)) await deleteIndices(admin, options(store).index);
  });
  afterAll(async () => {
    await admin.close();
    await server?.own?.stop();
  });

  testGallery(
    "Elasticsearch",
    (store, models) => openElasticsearchGallery({ ...options(store), models, log }),
    {
      dispose: (store) => deleteIndices(admin, options(store).index),
    },
  );

  it.each(INDEX_KINDS)("finds the nearest, by exact cosine, in an index of %s", async (kind) => {
    const { gallery, index } = await newGallery(kind);
    expect(await kindOf(admin, index)).toBe(kind);
    const asked = embedding(1);
    const cosines = [0.8, 0.7, 0.6, 0.5, 0.4];
    const vectors = Array.from({ length: 200 }, (_, i) =>
      i < 5 ? near(asked, cosines[i]!, i) : embedding(1_000 + i),
    );
    await enrolAll(gallery, vectors);
    const { candidates, galleryFaces } = await gallery.search(probe(asked), 5);
    expect(galleryFaces).toBe(200);
    expect(candidates.map(({ faceId }) => faceId)).toEqual(["f0", "f1", "f2", "f3", "f4"]);
    for (const [i, { similarity }] of candidates.entries()) {
      expect(similarity).toBeCloseTo(cosineOf(asked, vectors[i]!), 6);
    }
    expect((await gallery.search(probe(asked), 100)).candidates.length).toBe(100);
  });

  it("is unavailable where its index vanished, and makes an empty one only when it starts again", async () => {
    const { gallery, index, options } = await newGallery();
    await enrolAll(gallery, [embedding(1)]);
    await admin.indices.delete({ index: `${index}-000001` });
    for (const ask of [
      () => gallery.search(probe(embedding(1)), 5),
      () => gallery.enrol(face({ id: "f", identity: "i" })),
      () => gallery.get("i0"),
      () => gallery.list({ nameContains: "", pageSize: 10, pageToken: "" }),
      () => gallery.deleteFace("f0"),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: "gallery_unavailable", retryable: true });
    }
    expect(gallery.ready()).toBe(false);
    expect(await admin.indices.existsAlias({ name: index })).toBe(false);
    const driver = await openElasticsearchGallery({ ...options, models: [MODEL], log, patienceMs });
    const again = createGallery(createIdentities(driver), memoryBlobs(), [MODEL]);
    opened.push(again);
    expect((await again.enrol(face({ id: "g", identity: "j" }))).added).toBe(true);
    await expect.poll(() => gallery.ready(), { timeout: 30_000 }).toBe(true);
    expect((await gallery.get("j")).faces.length).toBe(1);
    expect(await kindOf(admin, index)).toBe("int8_hnsw");
  });

  it("gives an index that lost its alias the alias back, with all that is in it", async () => {
    const { gallery, index } = await newGallery();
    await enrolAll(gallery, [embedding(1)]);
    await admin.indices.deleteAlias({ index: `${index}-000001`, name: index });
    await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject({
      code: "gallery_unavailable",
    });
    expect((await gallery.search(probe(embedding(1)), 5)).candidates.length).toBe(1);
  });

  it("is full where the disk is: reads go on, nothing is lost, and it takes faces again afterwards", async () => {
    const { gallery, index } = await newGallery();
    await enrolAll(gallery, [embedding(1)]);
    const blocks = (on: boolean | null) =>
      admin.indices.putSettings({ index, settings: { "index.blocks.read_only_allow_delete": on } });
    // What the server sets itself at the flood stage of a disk.
    await blocks(true);
    const another = face({ id: "f", identity: "i", embedding: embedding(2) });
    await expect(gallery.enrol(another)).rejects.toMatchObject({ code: "gallery_full", retryable: true });
    await expect(gallery.rename("i0", "Name")).rejects.toMatchObject({ code: "gallery_full" });
    expect((await gallery.search(probe(embedding(1)), 5)).candidates.length).toBe(1);
    expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
    expect(gallery.ready()).toBe(true);
    await blocks(null);
    expect((await gallery.enrol(another)).added).toBe(true);
  });

  it("is rebuilt as another kind while it serves, and nothing is lost", async () => {
    const { gallery, index, options } = await newGallery("int8_hnsw");
    await enrolAll(
      gallery,
      Array.from({ length: 300 }, (_, i) => embedding(i)),
    );
    const before = await gallery.exportFaces({ pageSize: 100, pageToken: "" });
    let enrolling = true;
    const meanwhile = (async () => {
      let count = 0;
      for (; enrolling; count++) {
        await expect
          .poll(
            async () => {
              const one = face({
                id: `m${count}`,
                identity: `m${count}`,
                embedding: embedding(5_000 + count),
              });
              return gallery.enrol(one).then(
                () => "enrolled",
                ({ code }: { code: string }) => code,
              );
            },
            { timeout: 30_000 },
          )
          .toBe("enrolled");
      }
      return count;
    })();
    const progress: number[] = [];
    const built = await rebuildIndex(
      { ...options, kind: "flat" },
      { log, onProgress: (done) => progress.push(done) },
    );
    enrolling = false;
    const added = await meanwhile;
    expect(built.index).toBe(`${index}-000002`);
    expect(progress.at(-1)).toBe(built.documents);
    expect(await kindOf(admin, index)).toBe("flat");
    expect(await admin.indices.exists({ index: `${index}-000001` })).toBe(false);
    expect(await gallery.statistics()).toMatchObject({ identities: 300 + added, faces: 300 + added });
    expect(await gallery.exportFaces({ pageSize: 100, pageToken: "" })).toEqual(before);
    expect((await gallery.search(probe(embedding(7)), 1)).candidates).toMatchObject([{ faceId: "f7" }]);
  });

  it("starts a rebuild anew where one ended halfway", async () => {
    const { gallery, index, options } = await newGallery();
    await enrolAll(gallery, [embedding(1)]);
    await admin.indices.create({ index: `${index}-000002` });
    await admin.indices.addBlock({ index: `${index}-000001`, block: "write" });
    await expect(gallery.rename("i0", "Name")).rejects.toMatchObject({ code: "gallery_unavailable" });
    await rebuildIndex(options, { log });
    expect((await gallery.rename("i0", "Name")).name).toBe("Name");
  });

  it("refuses an index in the place of its alias", async () => {
    const index = newStore();
    await admin.indices.create({ index });
    await expect(openElasticsearchGallery({ ...options(index), models: [MODEL], log })).rejects.toMatchObject(
      {
        code: "gallery_unavailable",
        message: expect.stringContaining("alias") as string,
      },
    );
    await admin.indices.delete({ index });
  });

  it.skipIf(!server?.own)("says that it is unavailable without the right to the index", async () => {
    const url = server!.own!.url;
    for (const [refused, apiKey] of [
      [url, undefined],
      [url, "bm90OmEta2V5"],
      [url.replace("://", "://gallery:wrong@"), undefined],
    ]) {
      const { index, kind } = options(newStore());
      await expect(
        openElasticsearchGallery({ url: refused!, apiKey, index, kind, models: [MODEL], log }),
      ).rejects.toMatchObject({
        code: "gallery_unavailable",
        message: expect.stringContaining("API key") as string,
      });
    }
  });

  it.skipIf(!server?.own)(
    "keeps what it answered for through a crash, and comes back",
    async () => {
      const { gallery } = await newGallery();
      await enrolAll(gallery, [embedding(1), embedding(2)]);
      await server!.own!.kill();
      await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject({
        code: "gallery_unavailable",
      });
      expect(gallery.ready()).toBe(false);
      await server!.own!.restart();
      await expect.poll(() => gallery.ready(), { timeout: 90_000 }).toBe(true);
      await expect
        .poll(async () => (await gallery.search(probe(embedding(1)), 5)).candidates.length, {
          timeout: 90_000,
        })
        .toBe(2);
      expect((await gallery.get("i1")).faces.length).toBe(1);
    },
    240_000,
  );

  function newStore(): string {
    const store = `similarfaces-test-${process.pid}-${nextStore++}`;
    stores.push(store);
    return store;
  }

  async function newGallery(kind: ElasticsearchOptions["kind"] = "int8_hnsw", waitMs = patienceMs) {
    const used = { ...options(newStore()), kind };
    const driver = await openElasticsearchGallery({ ...used, models: [MODEL], log, patienceMs: waitMs });
    const gallery = createGallery(createIdentities(driver), memoryBlobs(), [MODEL]);
    opened.push(gallery);
    return { gallery, index: used.index, options: used };
  }

  function options(store: string): ElasticsearchOptions {
    const index = store.startsWith("similarfaces-") ? store : `similarfaces-${store}`;
    return { url: server!.url, apiKey: server!.apiKey, index, kind: "int8_hnsw" };
  }
});

/** Face `f<i>` of identity `i<i>`. */
async function enrolAll(gallery: Gallery, vectors: readonly Float32Array[]): Promise<void> {
  await Promise.all(
    vectors.map((vector, i) => gallery.enrol(face({ id: `f${i}`, identity: `i${i}`, embedding: vector }))),
  );
}
