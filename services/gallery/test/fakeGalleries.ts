import { createLog } from "@similarfaces/runtime";
import { afterEach, beforeEach } from "vitest";
import { openElasticsearchGallery } from "../src/drivers/elasticsearch/driver.js";
import type { GalleryDriver } from "../src/drivers/driver.js";
import { createGallery } from "../src/operations/createGallery.js";
import type { Gallery } from "../src/operations/gallery.js";
import { createIdentities } from "../src/operations/createIdentities.js";
import { startFakeElasticsearch, type FakeElasticsearch, type FakeRequest } from "./fakeElasticsearch.js";
import { MODEL, memoryBlobs } from "./fixtures.js";

const log = createLog({ service: "test", level: "silent" });

/** A fake Elasticsearch for each test, and galleries on it that are closed after the test. */
export function fakeGalleries() {
  let fake: FakeElasticsearch;
  const opened: Gallery[] = [];
  beforeEach(async () => {
    fake = await startFakeElasticsearch();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((gallery) => gallery.close()));
    await fake.close();
  });

  function openDriver({
    patienceMs = 5_000,
    url = fake.url,
    signal,
  }: FakeOptions = {}): Promise<GalleryDriver> {
    return openElasticsearchGallery({
      url,
      apiKey: "a2V5OnNlY3JldA==",
      index: "similarfaces-gallery",
      kind: "int8_hnsw",
      models: [MODEL],
      log,
      patienceMs,
      ...(signal ? { signal } : {}),
    });
  }

  return {
    fake: () => fake,
    openDriver,

    async open(options?: FakeOptions, driver = openDriver(options)): Promise<Gallery> {
      const gallery = createGallery(createIdentities(await driver), memoryBlobs(), [MODEL]);
      opened.push(gallery);
      return gallery;
    },

    /** Another server on the port of the one before. */
    async restart(): Promise<void> {
      fake = await startFakeElasticsearch({ port: fake.port });
    },

    /** The first `times` requests to `path` get this instead. */
    faulty(path: string, times: number, { status, body }: { status: number; body: unknown }): void {
      let left = times;
      fake.fault = (request, response) => {
        if (!request.path.endsWith(path) || left-- <= 0) return undefined;
        fake.reply(response, status, body);
        return "handled";
      };
    },

    sentTo: (path: string): FakeRequest[] => fake.requests.filter((request) => request.path.endsWith(path)),
  };
}

interface FakeOptions {
  patienceMs?: number;
  url?: string;
  signal?: AbortSignal;
}
