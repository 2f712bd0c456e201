import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import {
  isAnalyzer,
  listPacks,
  loadModel,
  measurementMarkdown,
  type Manifest,
  type Variant,
} from "@similarfaces/inference";
import type { MeasurementJson } from "@similarfaces/contracts";

const MODELS = fileURLToPath(new URL("..", import.meta.url));
const PUBLISHED = ["compact", "compact-attributes", "extra", "mobilefacenet", "yunet"];
/** Graphs of others: pulled, never committed. */
const PULLED = ["mobilefacenet", "yunet"];
const read = (path: string): string => readFileSync(`${MODELS}/${path}`, "utf8");
const entries = (await listPacks(MODELS)).filter(({ pack }) => PUBLISHED.includes(pack));
const folders = [...new Map(entries.map((entry) => [`${entry.pack}/${entry.name}`, entry.manifest!]))];

it("every published pack has models, and compact detector, second look, embedder and four analyzers", () => {
  expect(new Set(entries.map(({ pack }) => pack))).toEqual(new Set(PUBLISHED));
  const compact = folders.map(([folder]) => folder).filter((folder) => folder.startsWith("compact/"));
  expect(compact).toEqual(
    ["detect", "refine", "embed", "age", "gender", "race", "emotion"].map((name) => `compact/${name}`),
  );
});

describe.each(folders)("%s", (folder, manifest) => {
  it("has a manifest that fits the schema, each variant with figures", () => {
    const validate = new Ajv({ strictTypes: false, strictRequired: false }).compile(
      JSON.parse(read("manifest.schema.json")) as object,
    );
    expect(validate(JSON.parse(read(`${folder}/manifest.json`))), JSON.stringify(validate.errors)).toBe(true);
    for (const { measured } of manifest.variants) expect(measured.length).toBeGreaterThan(0);
  });

  it("has a card that says where it comes from, on what terms, and what it is not for", () => {
    const card = read(`${folder}/CARD.md`);
    for (const heading of ["Training data and terms", "Measured", "Limits", "What it must not be used for"]) {
      expect(card).toMatch(new RegExp(`^## ${heading}\n\n\\S`, "m"));
    }
    const { version, variants, licence, source } = manifest;
    const files = variants.flatMap(({ file, sha256, bytes }) => [
      `\`${file}\``,
      sha256,
      `${bytes.toLocaleString("en")} bytes`,
    ]);
    for (const fact of [version, licence, source, ...files]) expect(card).toContain(fact);
    const { figure } = manifest;
    if (figure) {
      const values = variants.map(({ precision, figure: value }) => `${precision} ${value}`).join(", ");
      expect(card).toContain(`${figure.name}: ${values}; a loss of ${figure.lossMax} is allowed`);
    }
  });

  it("has a card that quotes every measurement of the manifest, and no other", () => {
    const measured = read(`${folder}/CARD.md`).split("\n## Measured\n\n")[1]!.split("\n## ")[0]!;
    expect(measured.trim()).toBe(quotedBy(manifest).join("\n\n"));
  });
});

it.each(PUBLISHED)("%s has its licence beside it", (pack) => {
  expect(read(`${pack}/LICENSE`)).toContain(pack === "yunet" ? "Apache License" : "MIT License");
});

it("what began as another's file carries its notice: in the pack's licence, the manifest and the card", () => {
  for (const [folder, { notice }] of folders) {
    if (!/^compact.*\/(embed|age|gender|race|emotion|attributes)$/.test(folder)) continue;
    expect(read(`${folder.split("/")[0]}/LICENSE`)).toContain("Copyright (c) 2021 gitguanqi");
    expect(notice).toMatch(/faceplugin@1\.0\.3 \(copyright 2021 gitguanqi\)/);
    expect(read(`${folder}/CARD.md`)).toMatch(/faceplugin@1\.0\.3 \(MIT, copyright 2021 gitguanqi;/);
  }
  expect(read("compact/LICENSE")).toContain("https://creativecommons.org/licenses/by/4.0/");
});

describe("compact/figures.json", () => {
  type Sets = Record<string, Record<string, { n: number }>>;
  const figures = JSON.parse(read("compact/figures.json")) as Record<"float32" | "int8", Sets> & {
    calibration: object;
    false_match_curve: object;
    training: Record<string, Record<string, number>>;
    lossMax: Record<string, number>;
  };
  const precisions = ["float32", "int8"] as const;
  /** What detector and second look find together is both models' figure. */
  const modelsOf = (task: string): string[] => (task === "found" ? ["detect", "refine"] : [task]);
  const sets = precisions.flatMap((precision) =>
    Object.entries(figures[precision]).flatMap(([task, ofTask]) =>
      modelsOf(task).flatMap((name) =>
        Object.entries(ofTask).map(([data, measured]) => ({ name, precision, data, measured })),
      ),
    ),
  );

  it.each(sets)("$name in $precision on $data is what the manifest says", (set) => {
    const { name, precision, data, measured } = set;
    const { n, ...rest } = measured;
    const measurement = variantOf(name, precision).measured.find((one) => one.data === data);
    expect(measurement).toMatchObject({ n, figures: rest });
    expect(measurement?.figures).toEqual(rest);
  });

  it.each(precisions)(
    "is what compact-attributes says of its three answers in %s, less what the three cards have",
    (precision) => {
      const { manifest } = entries.find(({ pack }) => pack === "compact-attributes")!;
      for (const { data, n, figures: figure } of manifest!.variants.find(
        (one) => one.precision === precision,
      )!.measured) {
        const [task = "", set = ""] = data.split(": ");
        expect(figures[precision][task]![set]).toMatchObject({ n, ...figure });
      }
    },
  );

  it.each([
    ["detect", ["found", "CMU+MIT, native size, detector and second look", "by_threshold", "0.55", "recall"]],
    ["refine", ["found", "CMU+MIT, native size, detector and second look", "by_threshold", "0.55", "recall"]],
    [
      "embed",
      ["embed", "LFW 6,000 pairs, 10 folds, faces and points as the pipeline finds them", "accuracy"],
    ],
    ["age", ["age", "UTKFace held-out tenth", "mae_years"]],
    ["gender", ["gender", "FairFace val (5,000 subset)", "accuracy"]],
    ["race", ["race", "FairFace val (5,000 subset)", "accuracy7"]],
    ["emotion", ["emotion", "RAF-DB test", "accuracy"]],
  ])("has the figure that the variants of %s are compared by, and the loss that is allowed", (name, path) => {
    for (const precision of precisions) {
      const value = path.reduce<unknown>(
        (part, key) => (part as Record<string, unknown>)[key],
        figures[precision],
      );
      expect(variantOf(name, precision).figure).toBe(value);
    }
    expect(manifestOf(name).figure?.lossMax).toBe(figures.lossMax[name]);
  });

  it("has what trainings measured before export: in the second look's card, and in mask's manifest", () => {
    const { refine, mask } = figures.training;
    for (const name of ["pixels_upright", "pixels_any", "recall_at_half", "false_at_half"]) {
      expect(read("compact/refine/CARD.md")).toContain(` ${refine![name]}`);
    }
    const { variants } = folders.find(([folder]) => folder === "extra/mask")![1];
    const byTeacher = variants[0].measured.filter(({ data }) => data.endsWith("teacher"));
    expect(byTeacher.map(({ figures: { accuracy } }) => accuracy)).toEqual([
      mask!["test"],
      mask!["validation"],
    ]);
  });

  it("has the embedder's calibration and its curve of false matches, which the card has too", () => {
    const { calibration, falseMatches } = manifestOf("embed");
    expect(calibration).toEqual(figures.calibration);
    const { data, date, pairs, curve } = falseMatches!;
    expect({ pairs, curve }).toEqual(figures.false_match_curve);
    const card = read("compact/embed/CARD.md");
    expect(card).toContain(`${data}: ${pairs.toLocaleString("en")} pairs, measured ${date}`);
    for (const [cosine, rate] of curve) expect(card).toContain(`\n| ${cosine} | ${rate} |\n`);
    // The training code's own path to the same pictures, which is not the product's to the last bit.
    const { threshold_at_fmr: handedOver } = figures.float32["embed"]!["LFW all pairs"] as unknown as {
      threshold_at_fmr: Record<string, number>;
    };
    const cosines = new Map(curve.map(([cosine, rate]) => [rate, cosine]));
    for (const [rate, cosine] of Object.entries(handedOver)) {
      expect(Math.abs(cosines.get(Number(rate))! - cosine)).toBeLessThan(0.005);
    }
  });
});

describe("the packs in the repository", () => {
  it("hold their own weights only, each file of its manifest's digest and length", async () => {
    for (const { pack, folder, manifest, variant } of entries) {
      if (PULLED.includes(pack)) continue;
      const { file, bytes, sha256 } = variant!;
      const graph = readFileSync(`${folder}/${file}`);
      expect([graph.length, createHash("sha256").update(graph).digest("hex")]).toEqual([bytes, sha256]);
      await expect(loadModel(folder, { manifest: manifest!, variant: variant! })).resolves.toBeDefined();
    }
    for (const pack of PULLED) {
      expect(read("../.gitignore")).toContain(`models/${pack}/**/*.onnx`);
      for (const [folder, { variants }] of folders) {
        if (folder.startsWith(`${pack}/`))
          expect(variants[0].url).toMatch(/\/[0-9a-f]{40}\/|^npm:.+@[\d.]+#/);
      }
    }
  });

  it("are all in the index, and the index names no others", () => {
    const rows = [...read("README.md").matchAll(/^\| \[`([a-z0-9-]+\/[a-z]+)`\]\(\1\/CARD\.md\) /gm)];
    expect(rows.map(([, folder]) => folder)).toEqual(folders.map(([folder]) => folder));
    const all = readdirSync(MODELS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of all) {
      if (!["own", "test"].includes(name)) expect(read("README.md")).toContain(`\`${name}/\``);
    }
  });
});

function manifestOf(name: string): Manifest {
  return entries.find((entry) => entry.pack === "compact" && entry.name === name)!.manifest!;
}

function variantOf(name: string, precision: string): Variant {
  return manifestOf(name).variants.find((variant) => variant.precision === precision)!;
}

/** Measurement by measurement, each variant's beside the other's. */
function quotedBy(manifest: Manifest): string[] {
  const { variants } = manifest;
  const data = new Set(variants.flatMap(({ measured }) => measured.map((one) => one.data)));
  return [...data].flatMap((name) =>
    variants.flatMap(({ precision, measured }) =>
      measured
        .filter((one) => one.data === name)
        .map((one) =>
          measurementMarkdown(
            variants.length > 1 ? { ...one, data: `${name}: ${precision}` } : one,
            labelsOf(manifest, one),
          ),
        ),
    ),
  );
}

/** Of the answer that a confusion table is of. */
function labelsOf(manifest: Manifest, { figures }: MeasurementJson): string[] {
  const confusion = Object.values(figures).find((value): value is unknown[] => Array.isArray(value));
  const answers = isAnalyzer(manifest) ? manifest.answers : [];
  const all = answers.map(({ classification }) => classification?.labels.map(({ label }) => label) ?? []);
  return all.find(({ length }) => length === confusion?.length) ?? [];
}
