import { Client } from "@elastic/elasticsearch";
import { createLog } from "@similarfaces/runtime";
import { afterAll, describe } from "vitest";
import { openElasticsearchDriver } from "../src/gallery/elasticsearch.js";
import type { ElasticsearchOptions } from "../src/gallery/elasticsearch/settings.js";
import { elasticsearchForTests } from "./elasticsearchForTests.js";
import { testGallery } from "./gallerySuite.js";

const server = await elasticsearchForTests();
const log = createLog({ service: "test", level: "error" });

describe.skipIf(!server)("a real Elasticsearch (ELASTICSEARCH_URL, or Java 21 and Maven Central)", () => {
  const admin = new Client({ node: server?.url ?? "http://127.0.0.1:1" });
  afterAll(async () => {
    await admin.close();
    await server?.stop();
  });

  testGallery("Elasticsearch", (store, model) => openElasticsearchDriver({ ...options(store), model, log }), {
    dispose: (store) => deleteStore(store),
  });

  function options(store: string): ElasticsearchOptions {
    return { url: server!.url, index: `test-${store}`, kind: "int8_hnsw" };
  }

  async function deleteStore(store: string): Promise<void> {
    const alias = `test-${store}`;
    await admin.indices.delete({ index: `${alias}-000001` }, { ignore: [404] });
    await admin.indices.deleteIndexTemplate({ name: alias }, { ignore: [404] });
  }
});
