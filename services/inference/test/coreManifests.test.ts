import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadManifest } from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const of = (folder: string) => loadManifest(join(MODELS, folder));
const detect = await of("compact/detect");
const refine = await of("compact/refine");
const embed = await of("compact/embed");
const pulled = await of("mobilefacenet/embed");
const [float32, int8] = embed.variants;
const [crop] = refine.inputs;
const [chip] = embed.inputs;
const [score, points] = refine.outputs;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-manifest-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const without = (manifest: object, ...fields: string[]) =>
  Object.fromEntries(Object.entries(manifest).filter(([field]) => !fields.includes(field)));
const curved = (...curve: [number, number][]) => ({
  ...embed,
  falseMatches: { ...embed.falseMatches, curve },
});
const variants = (...list: object[]) => ({ ...embed, variants: list });

const cases: [string, object, RegExp][] = [
  ["no variants", variants(), /field variants must NOT have fewer than 1 items/],
  ["a precision that there is not", variants({ ...float32, precision: "int4" }), /field variants\.0\.precision must be equal to one of the allowed values/], // prettier-ignore
  [
    "a precision twice",
    variants(float32, { ...float32, file: "other.onnx" }),
    /field variants has float32 twice$/,
  ],
  [
    "a file twice",
    variants(float32, { ...int8, file: float32.file }),
    /field variants has the file "model\.onnx" twice$/,
  ],
  ["a file elsewhere", variants({ ...float32, file: "../model.onnx" }, int8!), /field variants\.0\.file must match pattern/], // prettier-ignore
  ["two variants that nothing compares", without(embed, "figure"), /field figure is missing, which several variants are compared by$/], // prettier-ignore
  ["a variant without its figure", variants(float32, without(int8!, "figure")), /field variants\.1\.figure is missing, the field figure says what it is of$/], // prettier-ignore
  ["a figure of nothing", { ...pulled, variants: [{ ...pulled.variants[0], figure: 1 }] }, /field variants\.0\.figure is of nothing: the field figure is missing$/], // prettier-ignore
  [
    "one space of one",
    variants(float32),
    /field oneSpace is said of one variant, which has nothing to be compared with$/,
  ],
  ["one space of a detector", { ...detect, oneSpace: true }, /field oneSpace is none of a model whose field task is "detect"$/], // prettier-ignore
  ["an npm package that nothing pins", { ...pulled, variants: [without(pulled.variants[0], "integrity")] }, /field variants\.0\.integrity is missing, which pins the npm package of its url$/], // prettier-ignore
  ["integrity of what is no npm package", { ...pulled, variants: [{ ...pulled.variants[0], url: "https://example.org/a.onnx" }] }, /field variants\.0\.integrity is of an npm package, and its url names none$/], // prettier-ignore
  ["an npm package without a version", { ...pulled, variants: [{ ...pulled.variants[0], url: "npm:faceplugin#model/a.onnx" }] }, /field variants\.0\.url must match pattern/], // prettier-ignore
  ["a curve alone", without(embed, "calibration"), /field calibration is missing$/],
  ["calibration alone", without(embed, "falseMatches"), /field falseMatches is missing$/],
  ["thresholds of an embedder", { ...embed, thresholds: { score: 0.4 } }, /field thresholds is none of a model whose field task is "embed"$/], // prettier-ignore
  [
    "a curve of one point",
    curved([0.3, 0.01]),
    /field falseMatches\.curve must NOT have fewer than 2 items$/,
  ],
  ["a rate of nothing", curved([0.3, 0.01], [0.4, 0]), /field falseMatches\.curve\.1\.1 must be > 0$/],
  ["a curve that falls back", curved([0.3, 0.01], [0.3, 0.001]), /field falseMatches\.curve\.1: cosines rise and rates fall from point to point$/], // prettier-ignore
  ["a curve of rates that rise", curved([0.3, 0.01], [0.4, 0.02]), /field falseMatches\.curve\.1: cosines rise and rates fall from point to point$/], // prettier-ignore
  ["an embedding of another length", { ...embed, outputs: [{ ...embed.outputs[0], shape: ["n", 256] }] }, /"embedding" has shape \[n, 256\], an embedding has \[n, 512\]$/], // prettier-ignore
  ["a chip of a side that no job has", { ...embed, inputs: [{ ...chip, chip: 128 }] }, /field inputs\.0\.chip must be equal to one of the allowed values/], // prettier-ignore
  ["another side than the chip's", { ...embed, inputs: [{ ...chip, chip: 144 }] }, /with its fields chip, crop and shrink it gets 144x144$/], // prettier-ignore
  ["a second look at other crops", { ...refine, inputs: [{ ...crop, shape: ["n", 112, 112, 3] }] }, /"crop" has shape \[n, 112, 112, 3\], .* it gets 96x96$/], // prettier-ignore
  ["a second look at one crop", { ...refine, inputs: [{ ...crop, shape: [1, 96, 96, 3] }] }, /"crop" has shape \[1, 96, 96, 3\], its first has to be free$/], // prettier-ignore
  ["a second look at chips", { ...refine, inputs: [{ ...crop, chip: 112 }] }, /"crop" has chip, which only a model of chips can have$/], // prettier-ignore
  ["a second look without points", { ...refine, outputs: [score] }, /field outputs has no "points", which a second look is read from$/], // prettier-ignore
  ["a second look of other points", { ...refine, outputs: [score, { ...points, shape: ["n", 10] }] }, /"points" has shape \[n, 10\], a second look has \[n, 5, 2\]$/], // prettier-ignore
  ["a second look of two scores", { ...refine, outputs: [{ ...score, shape: ["n", 2] }, points] }, /"score" has shape \[n, 2\], a second look has \[n\]$/], // prettier-ignore
  ["a second look without a threshold", without(refine, "thresholds"), /field thresholds is missing$/],
];

describe("a manifest of a model of the core is refused in one sentence", () => {
  it.each(cases)("%s", async (_, manifest, sentence) => {
    const { task } = manifest as { task: string };
    await mkdir(join(folder, task));
    await writeFile(join(folder, task, "manifest.json"), JSON.stringify(manifest));
    await expect(loadManifest(join(folder, task))).rejects.toThrow(sentence);
    await expect(loadManifest(join(folder, task))).rejects.toThrow(join(folder, task, "manifest.json"));
  });

  it("unless it says what may be left out: no figures of one variant, neither curve nor calibration", async () => {
    const { falseMatches, calibration, figure } = await of("mobilefacenet/embed");
    expect({ falseMatches, calibration, figure }).toEqual({});
  });
});
