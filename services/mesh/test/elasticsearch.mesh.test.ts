import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { elasticsearchForTests } from "../../gallery/test/elasticsearchForTests.js";
import { allAnswers, analyse, answered, failuresOf, sample } from "./client.js";
import { startTestMesh, type TestMesh } from "./mesh.js";

const server = await elasticsearchForTests();

describe.skipIf(!server)("the mesh with its gallery in Elasticsearch (Java 21 and Maven Central)", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({
      env: {
        GALLERY_DRIVER: "elasticsearch",
        ELASTICSEARCH_URL: server!.url,
        ELASTICSEARCH_API_KEY: server!.apiKey ?? "",
        ELASTICSEARCH_INDEX: `similarfaces-mesh-${process.pid}`,
        SAMPLE_GALLERY: "true",
      },
    });
    await mesh.printed("sample gallery is enrolled");
  }, 240_000);
  afterAll(async () => {
    await mesh?.stop();
    await server?.own?.stop();
  });

  it("enrols the sample gallery, and finds the five nearest to a photo's face", async () => {
    const index = JSON.parse(await readFile("models/samples/gallery/index.json", "utf8")) as unknown[];
    const statistics = await fetch(`${mesh.url}/v1/gallery/statistics`);
    expect(await statistics.json()).toMatchObject({
      driver: "elasticsearch",
      faces: index.length,
      identities: index.length,
    });
    const seen = await analyse(mesh.url, await sample("portrait-1"));
    expect(failuresOf(seen)).toEqual([]);
    expect(answered(seen)).toEqual(allAnswers(1));
    const { match } = seen.events.find(({ stage }) => stage === "match")!;
    expect(match!.matches).toHaveLength(5);
    const similarities = match!.matches.map(({ similarity }) => similarity!);
    expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
    expect(new Set(match!.matches.map(({ name }) => name)).size).toBe(5);
    expect(match!.matches[0]!.name).toMatch(/^Composite \d{3}$/);
  });
});
