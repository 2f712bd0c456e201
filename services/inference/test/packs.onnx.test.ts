import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TASKS, loadModel, openInference, type Manifest, type Task } from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
let modelsDir: string;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  await cp(join(MODELS, "manifest.schema.json"), join(modelsDir, "manifest.schema.json"));
  await cp(join(MODELS, "compact", "gender"), join(modelsDir, "mine", "gender"), { recursive: true });
});
afterEach(() => rm(modelsDir, { recursive: true, force: true }));

describe("the compact pack", () => {
  it.each(TASKS)("has a manifest for %s that fits the schema and its graph's digest", async (task) => {
    const { manifest, graph } = await loadModel(MODELS, "compact", task);
    expect(manifest.task).toBe(task);
    expect(graph.byteLength).toBe(manifest.bytes);
    expect(manifest.measured.length).toBeGreaterThan(0);
  });
});

describe("a pack that is not as it should be is refused before anything is served", () => {
  it("names an unknown pack", async () => {
    await expect(open("nowhere")).rejects.toThrow(/the pack "nowhere" has no model for gender/);
    await expect(open("../compact")).rejects.toThrow(/no name of a pack/);
  });

  it("names the file whose digest or size is wrong", async () => {
    const path = join(modelsDir, "mine", "gender", "model.onnx");
    const graph = await readFile(path);
    graph[1000]! ^= 1;
    await writeFile(path, graph);
    await expect(open()).rejects.toThrow(/model\.onnx: its SHA-256 is .* field sha256/);
    await writeFile(path, graph.subarray(0, 999));
    await expect(open()).rejects.toThrow(/has 999 bytes, the manifest's field bytes/);
  });

  it("names a graph that does not run", async () => {
    const path = join(modelsDir, "mine", "gender", "model.onnx");
    await writeFile(path, "this is no graph");
    const { createHash } = await import("node:crypto");
    await change({ bytes: 16, sha256: createHash("sha256").update("this is no graph").digest("hex") });
    await expect(open()).rejects.toThrow(/mine\/gender\/model\.onnx: this is no graph that runs here/);
  });

  it("names a missing label, a wrong shape, a wrong output and an unknown field", async () => {
    await change({ labels: undefined });
    await expect(open()).rejects.toThrow(/mine\/gender\/manifest\.json: field labels is missing$/);
    await change({ labels: ["male", "female", "other"] });
    await expect(open()).rejects.toThrow(/field labels has 3 names, .* has 2 classes/);
    await change({ labels: ["male", "female"], inputs: [{ ...chip, shape: ["n", 112, 112, 3] }] });
    await expect(open()).rejects.toThrow(
      /gender\/manifest\.json: field inputs, "chip" has shape \[n, 112, 112, 3\]/,
    );
    await change({ inputs: [chip], outputs: [{ name: "probabilities", dtype: "float32", shape: ["n", 3] }] });
    await expect(open()).rejects.toThrow(/field labels has 2 names, .* has 3 classes/);
    await change({
      outputs: [
        { name: "probabilities", dtype: "float32", shape: ["n", 2] },
        { name: "years", dtype: "float32", shape: ["n"] },
      ],
    });
    await expect(open()).rejects.toThrow(/field outputs names "years", the graph has probabilities/);
    await change({ outputs: [{ name: "probabilities", dtype: "float32", shape: ["n", 2] }] });
    await change({ inputs: [{ ...chip, range: [0] as unknown as [number, number] }] });
    await expect(open()).rejects.toThrow(/field inputs\.0\.range must NOT have fewer than 2 items/);
    await change({ inputs: [{ ...chip, name: "picture" }] });
    await expect(open()).rejects.toThrow(/field inputs names "picture", the graph has chip/);
    await change({ inputs: [chip], colour: "red" } as Partial<Manifest>);
    await expect(open()).rejects.toThrow(/must NOT have additional properties \("colour"\)/);
  });

  it("names a manifest that is no JSON or lies in the wrong folder", async () => {
    await cp(join(MODELS, "compact", "age"), join(modelsDir, "mine", "race"), { recursive: true });
    await expect(open("mine", "race")).rejects.toThrow(/field task is "age", the folder says "race"/);
    await writeFile(join(modelsDir, "mine", "gender", "manifest.json"), "{");
    await expect(open()).rejects.toThrow(/manifest\.json: this is not JSON/);
  });
});

const chip = {
  name: "chip",
  dtype: "uint8",
  layout: "NHWC",
  shape: ["n", 144, 144, 3],
  colour: "RGB",
  range: [0, 255],
} as const;

function open(pack = "mine", task: Task = "gender") {
  return openInference({ modelsDir, tasks: [task], pack, workers: 1 });
}

/** Undefined takes a field out. */
async function change(changes: { [Field in keyof Manifest]?: Manifest[Field] | undefined }): Promise<void> {
  const path = join(modelsDir, "mine", "gender", "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as Manifest;
  await writeFile(path, JSON.stringify({ ...manifest, ...changes }));
}
