import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  chooseVariant,
  listPack,
  loadModel,
  openInference,
  type Manifest,
  type Variant,
} from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const COMPACT = await listPack(MODELS, "compact");
const gender = COMPACT.find(({ name }) => name === "gender")!.manifest!;
let modelsDir: string;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  await cp(join(MODELS, "compact", "gender"), join(modelsDir, "mine", "gender"), { recursive: true });
});
afterEach(() => rm(modelsDir, { recursive: true, force: true }));

describe("the compact pack", () => {
  it.each(COMPACT)("has $name as $variant.precision, with its graph's digest", async (entry) => {
    const { folder, manifest, variant } = entry;
    const { name, graph } = await loadModel(folder, { manifest: manifest!, variant: variant! });
    expect(name).toBe(entry.name);
    expect(graph.byteLength).toBe(variant!.bytes);
    expect(variant!.figure).toBeGreaterThan(0);
  });

  it("has each model in both precisions, and none loses more by int8 than it allows", () => {
    const names = [...new Set(COMPACT.map(({ name }) => name))];
    expect(names).toEqual(["detect", "refine", "embed", "age", "gender", "race", "emotion"]);
    for (const name of names) {
      const { manifest } = COMPACT.find((entry) => entry.name === name)!;
      expect(manifest!.variants.map(({ precision }) => precision)).toEqual(["float32", "int8"]);
      const processor = { arch: "x64", dotProduct: "avx512_vnni" };
      expect(chooseVariant(name, manifest!, undefined, processor).precision, name).toBe("int8");
    }
  });
});

describe("a pack that is not as it should be is refused before anything is served", () => {
  it("names an unknown pack, and an analyzer that it does not have", async () => {
    await expect(open("nowhere", "embed")).rejects.toThrow(/the pack "nowhere" has no model for embed/);
    await expect(open("..", "embed")).rejects.toThrow(/no name of a pack/);
    await expect(open("mine", "taste")).rejects.toThrow(
      /^there is no analyzer "taste" in the packs in use; there are gender$/,
    );
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
    await changeVariant({ bytes: 16, sha256: createHash("sha256").update("this is no graph").digest("hex") });
    await expect(open()).rejects.toThrow(/mine\/gender\/model\.onnx: this is no graph that runs here/);
  });

  it("names a graph that would read other files, before any runtime sees it", async () => {
    // ModelProto.graph.initializer.external_data { key: "location" value: "/etc/passwd" }
    const entry = [0x0a, 8, ...Buffer.from("location"), 0x12, 11, ...Buffer.from("/etc/passwd")];
    const tensor = [0x6a, entry.length, ...entry];
    const graph = [0x2a, tensor.length, ...tensor];
    const model = Uint8Array.from([0x3a, graph.length, ...graph]);
    await writeFile(join(modelsDir, "mine", "gender", "model.onnx"), model);
    await changeVariant({ bytes: model.length, sha256: createHash("sha256").update(model).digest("hex") });
    await expect(open()).rejects.toThrow(/refers to the file "\/etc\/passwd" outside its folder/);
  });

  it("names a wrong shape, a wrong output and an unknown field", async () => {
    await change({ inputs: [{ ...chip, shape: ["n", 96, 96, 3], crop: 96 }] });
    await expect(open()).rejects.toThrow(
      /gender\/manifest\.json: field inputs, "chip" has shape \[n, 96, 96, 3\], the graph's/,
    );
    const probabilities = { name: "probabilities", dtype: "float32", shape: ["n", 2] } as const;
    await change({
      inputs: [chip],
      outputs: [probabilities, { name: "years", dtype: "float32", shape: ["n"] }],
    });
    await expect(open()).rejects.toThrow(/field outputs names "years", the graph has probabilities/);
    await change({ outputs: [probabilities], inputs: [{ ...chip, name: "picture" }] });
    await expect(open()).rejects.toThrow(/field inputs names "picture", the graph has chip/);
    await change({ inputs: [chip], colour: "red" } as Partial<Manifest>);
    await expect(open()).rejects.toThrow(/must NOT have additional properties \("colour"\)/);
  });

  it("names a manifest that is no JSON", async () => {
    await writeFile(join(modelsDir, "mine", "gender", "manifest.json"), "{");
    await expect(open()).rejects.toThrow(/manifest\.json: this is not JSON/);
  });
});

const chip = {
  name: "chip",
  dtype: "uint8",
  layout: "NHWC",
  shape: ["n", 112, 112, 3],
  colour: "RGB",
  range: [0, 255],
} as const;

function open(pack = "mine", name = "gender") {
  return openInference({
    modelsDir,
    models: [name],
    pack,
    precision: { usual: "float32", of: {} },
    workers: 1,
  });
}

async function change(changes: Partial<Manifest>): Promise<void> {
  const path = join(modelsDir, "mine", "gender", "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as Manifest;
  await writeFile(path, JSON.stringify({ ...manifest, ...changes }));
}

/** Of the one that runs, float32. */
async function changeVariant(changes: Partial<Variant>): Promise<void> {
  const { variants } = gender;
  await change({ variants: [{ ...variants[0], ...changes }, variants[1]!] });
}
