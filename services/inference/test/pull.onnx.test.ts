import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  benchChain,
  benchModel,
  listPack,
  listPacks,
  pullModel,
  verifyModel,
  type BenchedModel,
} from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const GRAPH = join(MODELS, "compact", "gender", "model.onnx");
let modelsDir: string;
let from: string;

/** A pack "mine" of one task, whose graph is not there yet. */
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-models-"));
  from = join(modelsDir, "downloads");
  await mkdir(join(modelsDir, "mine", "gender"), { recursive: true });
  await mkdir(from);
  const manifest = await readFile(join(MODELS, "compact", "gender", "manifest.json"), "utf8");
  await writeFile(join(modelsDir, "mine", "gender", "manifest.json"), manifest);
});
afterEach(() => rm(modelsDir, { recursive: true, force: true }));

describe("the packs of a folder", () => {
  it("are listed with what is there and what is not", async () => {
    await cp(GRAPH, join(modelsDir, "mine", "gender", "model.onnx"));
    expect(await listPacks(modelsDir)).toMatchObject([
      { pack: "mine", name: "gender", variant: { precision: "float32" }, present: true },
      { pack: "mine", name: "gender", variant: { precision: "int8" }, present: false },
    ]);
    await expect(listPack(modelsDir, "other")).rejects.toThrow(/no pack "other".*there are mine/);
  });

  it("in the repository have manifests that fit the schema, files of others name their address", async () => {
    for (const { pack, name, problem, variant, present } of await listPacks(MODELS)) {
      expect(problem, `${pack}/${name}`).toBeUndefined();
      if (!present) expect(variant?.url, `${pack}/${name}`).toMatch(/^(https|npm):/);
    }
  });
});

describe("pull", () => {
  it("takes a graph from a local folder when its digest is right, once", async () => {
    await cp(GRAPH, join(from, "model.onnx"));
    const [entry] = await listPack(modelsDir, "mine");
    expect(await pullModel(entry!, { from })).toBe("pulled");
    expect(await pullModel(entry!, { from })).toBe("present");
    const [there] = await listPack(modelsDir, "mine");
    const { problem, loadSeconds } = await verifyModel(there!);
    expect(problem).toBeUndefined();
    expect(loadSeconds).toBeGreaterThan(0);
  });

  it("refuses a file that is another, and one that is nowhere", async () => {
    const [entry] = await listPack(modelsDir, "mine");
    await expect(pullModel(entry!, { from })).rejects.toThrow(/holds no model\.onnx/);
    await expect(pullModel(entry!)).rejects.toThrow(/has no field url/);
    await writeFile(join(from, "model.onnx"), "another");
    await expect(pullModel(entry!, { from })).rejects.toThrow(/has 7 bytes, the manifest's/);
    expect((await listPack(modelsDir, "mine"))[0]!.present).toBe(false);
  });
});

describe("verify and bench", () => {
  it("say what is wrong with a model instead of running it", async () => {
    await writeFile(join(modelsDir, "mine", "gender", "model.onnx"), "no graph");
    const [entry] = await listPack(modelsDir, "mine");
    expect((await verifyModel(entry!)).problem).toMatch(/has 8 bytes/);
    await expect(benchModel(entry as BenchedModel, 1)).rejects.toThrow(/has 8 bytes/);
  });

  it("times each variant against its operations", async () => {
    for (const entry of (await listPack(MODELS, "compact")).filter(({ name }) => name === "gender")) {
      const { model, medianMs, minMs, multiplyAdds } = await benchModel(entry as BenchedModel, 3);
      expect(model).toBe(`compact-gender@2.0.0+${entry.variant!.precision}`);
      expect(minMs).toBeGreaterThan(0);
      expect(medianMs).toBeGreaterThanOrEqual(minMs);
      expect(multiplyAdds).toBe(220_900_864);
    }
  });

  it("times models one after the other", async () => {
    const chain = (await listPack(MODELS, "compact")).filter(
      ({ name, variant }) => (name === "gender" || name === "refine") && variant?.precision === "float32",
    );
    const { medianMs, minMs } = await benchChain(chain as BenchedModel[], 3);
    expect(minMs).toBeGreaterThan(0);
    expect(medianMs).toBeGreaterThanOrEqual(minMs);
  });
});
