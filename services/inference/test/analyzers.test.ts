import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CORE_MODELS, announcementToJson } from "@similarfaces/contracts";
import {
  announcementOf,
  findAnalyzer,
  findAnalyzers,
  findModel,
  findModels,
  loadManifest,
  type AnalyzerManifest,
} from "../src/mod.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const age = (await loadManifest(join(MODELS, "compact", "age"))) as AnalyzerManifest;
const gender = (await loadManifest(join(MODELS, "compact", "gender"))) as AnalyzerManifest;
let modelsDir: string;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-analyzers-"));
});
afterEach(() => rm(modelsDir, { recursive: true, force: true }));

/** Graphs are not looked at here. */
async function put(folder: string, manifest: object): Promise<string> {
  await mkdir(join(modelsDir, folder), { recursive: true });
  await writeFile(join(modelsDir, folder, "manifest.json"), JSON.stringify(manifest));
  return join(modelsDir, folder);
}

const namesOf = async (pack: string, more: Partial<Parameters<typeof findAnalyzers>[0]> = {}) =>
  (await findAnalyzers({ modelsDir, pack, ...more })).map(({ name }) => name);

describe("the analyzers in use", () => {
  it("are those of the pack, by order, then name", async () => {
    const compact = await findAnalyzers({ modelsDir: MODELS, pack: "compact" });
    expect(compact.map(({ manifest }) => manifest.order)).toEqual([10, 20, 30, 40]);
    await put("mine/zeal", { ...gender, order: 1 });
    await put("mine/taste", { ...gender, order: 1 });
    await put("mine/abc", { ...gender, order: 2 });
    expect(await namesOf("mine")).toEqual(["taste", "zeal", "abc"]);
  });

  it("are named after their folders: a copied one needs no edit", async () => {
    await cp(join(MODELS, "compact", "gender"), join(modelsDir, "mine", "gender-2"), { recursive: true });
    expect(await namesOf("mine")).toEqual(["gender-2"]);
  });

  it("come from packs beside it too: by name, by path, or a single folder", async () => {
    await put("mine/gender", gender);
    await put("extra/taste", gender);
    await put("elsewhere/pack/smell", gender);
    await put("elsewhere/pack/detect", await loadManifest(join(MODELS, "compact", "detect")));
    await put("single/touch", gender);
    const analyzerPacks = ["extra", join(modelsDir, "elsewhere/pack"), join(modelsDir, "single/touch")];
    expect(await namesOf("mine", { analyzerPacks })).toEqual(["gender", "smell", "taste", "touch"]);
    const touch = await findModel({ modelsDir, pack: "mine", analyzerPacks }, "touch");
    expect(touch).toMatchObject({ pack: "single", folder: join(modelsDir, "single/touch") });
  });

  it("come one by one from other packs, in the place of the pack's own", async () => {
    await put("mine/gender", gender);
    await put("other/gender", { ...gender, version: "7.0.0" });
    const [found, ...others] = await findAnalyzers({ modelsDir, pack: "mine", packs: { gender: "other" } });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ pack: "other", manifest: { version: "7.0.0" } });
  });

  it("are refused in words where two have one name, a name is reserved, or there are none", async () => {
    await put("mine/taste", gender);
    await put("extra/taste", gender);
    await expect(namesOf("mine", { analyzerPacks: ["extra"] })).rejects.toThrow(
      /extra\/taste: there is an analyzer "taste" already, in .*mine\/taste$/,
    );
    await expect(namesOf("mine", { analyzerPacks: ["mine"] })).rejects.toThrow(
      /mine\/taste: is in use already, and is named once more$/,
    );
    await expect(namesOf("mine", { analyzerPacks: ["nowhere"] })).rejects.toThrow(
      /nowhere: there is no such folder/,
    );
    await put("bad/complete", gender);
    await expect(namesOf("bad")).rejects.toThrow(/"complete" is a name of the system itself/);
    await put("worse/Taste", gender);
    await expect(namesOf("worse")).rejects.toThrow(/"Taste" is no name of an analyzer/);
    await put("worst/detect", gender);
    await expect(namesOf("worst")).rejects.toThrow(/field task is "analyze", the folder says "detect"/);
  });
});

describe("an analyzer that replaces others", () => {
  const choice = { modelsDir: MODELS, pack: "compact", analyzerPacks: ["compact-attributes"] };

  it("is served in their place, with their answers", async () => {
    const found = await findAnalyzers(choice);
    expect(found.map(({ name }) => name)).toEqual(["attributes", "emotion"]);
    const apart = await findAnalyzers({ modelsDir: MODELS, pack: "compact" });
    const answersOf = (analyzers: typeof found) =>
      analyzers
        .flatMap((analyzer) => announcementToJson(announcementOf(analyzer)).answers)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    // Titles, words, labels, cautions: what is shown of an answer is the same, whoever gives it.
    expect(answersOf(found)).toEqual(answersOf(apart));
  });

  it("leaves them to whoever names them, as the services of a cluster do", async () => {
    expect((await findAnalyzer(choice, "age")).pack).toBe("compact");
  });
});

describe("an announcement", () => {
  it("says what the manifest says, and nothing of how the graph is read", async () => {
    const [found] = await findAnalyzers({ modelsDir: MODELS, pack: "compact" });
    const announcement = announcementToJson(announcementOf(found!));
    expect(announcement).toMatchObject({
      name: found!.name,
      order: 10,
      hue: 70,
      title: { en: "Age" },
      model: { pack: "compact", id: "compact-age", version: "2.0.0", licence: "MIT" },
      chipSide: 112,
    });
    expect(announcement.answers).toEqual([
      {
        name: "age",
        title: { en: "Age" },
        tag: true,
        caution: age.answers[0]!.caution,
        measure: {
          unit: "years",
          words: { en: "looks {value}" },
          decimals: 0,
          min: 0,
          max: 100,
          bins: { first: 0, width: 1, count: 101 },
          interval: 0.8,
        },
      },
    ]);
    expect(announcement.model.measured).toEqual(found!.variant.measured);
    expect(announcement.model.precision).toBe(found!.variant.precision);
  });

  it("of a model of the core says what runs, and answers nothing", async () => {
    const precision = { usual: "float32", of: { refine: "int8" } } as const;
    const found = await findModels({ modelsDir: MODELS, pack: "compact", precision }, CORE_MODELS);
    const announced = found.map((model) => announcementToJson(announcementOf(model)));
    expect(announced).toMatchObject([
      { name: "detect", answers: [], model: { precision: "float32" }, chipSide: 0 },
      { name: "refine", answers: [], model: { precision: "int8" }, chipSide: 0 },
      { name: "embed", answers: [], model: { precision: "float32" }, chipSide: 112 },
    ]);
  });
});

describe("a manifest of an analyzer is refused in one sentence", () => {
  const answer = gender.answers[0]!;
  const { classification } = answer;
  const labels = classification!.labels;
  const years = age.answers[0]!;
  const measure = years.measure!;
  const bins = measure.bins!;
  const of = (changed: object) => ({ ...gender, answers: [{ ...answer, ...changed }] });
  const ofAge = (changed: object) => ({
    ...age,
    answers: [{ ...years, measure: { ...measure, ...changed } }],
  });
  const [chip] = gender.inputs;
  const cases: [string, object, RegExp][] = [
    ["without answers", { ...gender, answers: undefined }, /field answers is missing$/],
    ["without a title in English", { ...gender, title: { de: "Art" } }, /field title\.en is missing$/],
    ["a label without words", of({ classification: { ...classification, labels: [{ ...labels[0], words: {} }, labels[1]] } }), /labels\.0\.words\.en is missing$/], // prettier-ignore
    ["neither kind", of({ classification: undefined }), /field answers\.0\.classification is missing$/],
    ["both kinds", of({ measure }), /field answers\.0 must match exactly one schema/],
    ["an output that is none", of({ output: "logits" }), /"gender" is read from the output "logits", field outputs has probabilities$/], // prettier-ignore
    ["too few labels", of({ classification: { ...classification, labels: [...labels, { ...labels[0], label: "other" }] } }), /"gender" has 3 labels, the output "probabilities" has 2 classes$/], // prettier-ignore
    ["a label twice", of({ classification: { ...classification, labels: [labels[0], labels[0]] } }), /"gender" has the label "male" twice$/], // prettier-ignore
    ["an answer twice", { ...gender, answers: [answer, answer] }, /field answers has "gender" twice$/],
    ["an output twice", { ...gender, outputs: [...gender.outputs, ...gender.outputs] }, /field outputs has "probabilities" twice$/], // prettier-ignore
    ["other bins", ofAge({ bins: { ...bins, count: 100 } }), /has 100 bins, the output "probabilities" has 101 classes$/], // prettier-ignore
    ["no bins of many numbers", ofAge({ bins: undefined }), /has no bins, but the output "probabilities" has 101 numbers$/], // prettier-ignore
    ["an interval of one number", { ...ofAge({ bins: undefined }), outputs: [{ name: "probabilities", dtype: "float32", shape: ["n"] }] }, /has an interval, which only a measure with bins can have$/], // prettier-ignore
    ["a range without an end", ofAge({ max: undefined }), /has to have both min and max/],
    ["a shape that is no chip's", { ...gender, inputs: [{ ...chip, shape: ["n", 144, 144, 3] }] }, /"chip" has shape \[n, 144, 144, 3\], with its fields chip, crop and shrink it gets 112x112$/], // prettier-ignore
    ["an enlarged crop", { ...gender, inputs: [{ ...chip, crop: 96, shrink: 112 }] }, /is shrunk to 112, which is not smaller than 96$/], // prettier-ignore
    ["a crop of more than the chip", { ...gender, inputs: [{ ...chip, crop: 128 }] }, /"chip" is cropped to 128, its chips have 112$/], // prettier-ignore
    ["answers of an embedder", { ...gender, task: "embed" }, /field title is none of a model whose field task is "embed"$/], // prettier-ignore
  ];

  it.each(cases)("%s", async (_, manifest, sentence) => {
    const folder = await put("mine/gender", manifest);
    await expect(loadManifest(folder)).rejects.toThrow(sentence);
    await expect(loadManifest(folder)).rejects.toThrow(/mine\/gender\/manifest\.json: /);
  });

  it("what is there in every language is not", async () => {
    const title = { en: "Gender", de: "Geschlecht", "zh-Hant": "性別" };
    const folder = await put("mine/gender", { ...gender, title });
    expect(await loadManifest(folder)).toMatchObject({ title });
    expect(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"))).toMatchObject({ title });
  });
});
