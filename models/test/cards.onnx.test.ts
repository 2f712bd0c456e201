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
} from "@similarfaces/inference";

const MODELS = fileURLToPath(new URL("..", import.meta.url));
const PUBLISHED = ["compact", "compact-int8", "extra", "yunet"];
const read = (path: string): string => readFileSync(`${MODELS}/${path}`, "utf8");
const entries = (await listPacks(MODELS)).filter(({ pack }) => PUBLISHED.includes(pack));
const named = entries.map((entry) => [`${entry.pack}/${entry.name}`, entry.manifest!] as const);

it("every published pack has models, and compact a detector, an embedder and four analyzers", () => {
  expect(new Set(entries.map(({ pack }) => pack))).toEqual(new Set(PUBLISHED));
  expect(entries.filter(({ pack }) => pack === "compact").map(({ name }) => name)).toEqual([
    "detect",
    "embed",
    "age",
    "gender",
    "emotion",
    "race",
  ]);
});

describe.each(named)("%s", (folder, manifest) => {
  it("has a manifest that fits the schema, with figures", () => {
    const validate = new Ajv({ strictTypes: false, strictRequired: false }).compile(
      JSON.parse(read("manifest.schema.json")) as object,
    );
    expect(validate(JSON.parse(read(`${folder}/manifest.json`))), JSON.stringify(validate.errors)).toBe(true);
    expect(manifest.measured.length).toBeGreaterThan(0);
  });

  it("has a card that says where it comes from, on what terms, and what it is not for", () => {
    const card = read(`${folder}/CARD.md`);
    for (const heading of ["Training data and terms", "Measured", "Limits", "What it must not be used for"]) {
      expect(card).toMatch(new RegExp(`^## ${heading}\n\n\\S`, "m"));
    }
    const { version, sha256, bytes, licence, source } = manifest;
    for (const fact of [version, sha256, `${bytes.toLocaleString("en")} bytes`, licence, source])
      expect(card).toContain(fact);
  });

  it("has a card that quotes every measurement of the manifest, and no other", () => {
    const card = read(`${folder}/CARD.md`);
    const measured = card.split("\n## Measured\n\n")[1]!.split("\n## ")[0]!;
    const quoted = manifest.measured.map((one) => measurementMarkdown(one, labelsOf(manifest)));
    expect(measured.trim()).toBe(quoted.join("\n\n"));
  });
});

it.each([
  ["compact", "MIT License"],
  ["compact-int8", "MIT License"],
  ["extra", "MIT License"],
  ["yunet", "Apache License"],
])("%s has its licence beside it", (pack, title) => {
  expect(read(`${pack}/LICENSE`)).toContain(title);
});

describe("compact/figures.json", () => {
  const figures = JSON.parse(read("compact/figures.json")) as Record<string, Record<string, object>>;
  /** Facts of a machine, and what stands in fields of their own. */
  const elsewhere = ["ms_800x800_one_thread", "calibration"];
  const measurements = Object.entries(figures).flatMap(([task, sets]) =>
    Object.entries(sets)
      .filter(([data]) => !elsewhere.includes(data))
      .map(([data, measured]) => [task, data, measured] as const),
  );

  it.each(measurements)("%s on %s is what the manifest says", (task, data, measured) => {
    const { n, ...rest } = measured as { n?: number };
    const measurement = manifestOf(task).measured.find((one) => one.data === data);
    expect(measurement?.figures).toEqual(rest);
    if (n !== undefined) expect(measurement?.n).toBe(n);
  });

  it("has the calibration and the thresholds of the embedder's manifest", () => {
    const { calibration, thresholds } = manifestOf("embed");
    expect(calibration).toEqual(figures["embed"]!["calibration"]);
    const { threshold_at_fmr: at } = figures["embed"]!["LFW all pairs"] as {
      threshold_at_fmr: Record<string, number>;
    };
    expect(thresholds).toEqual({ fmr1e2: at["0.01"], fmr1e3: at["0.001"], fmr1e4: at["0.0001"] });
  });
});

describe("the packs in the repository", () => {
  it("hold their own weights only, each of its manifest's digest", async () => {
    for (const { pack, name, folder } of entries) {
      if (pack === "yunet") continue;
      await expect(loadModel(folder)).resolves.toMatchObject({ name });
    }
    const { url, licence } = named.find(([folder]) => folder === "yunet/detect")![1];
    expect(url).toMatch(/\/0047ac24afb1a50a0c6105001c89d1b5b805dbf1\//);
    expect(licence).toBe("Apache-2.0");
    expect(read("../.gitignore")).toContain("models/yunet/**/*.onnx");
  });

  it("are all in the index, and the index names no others", () => {
    const rows = [...read("README.md").matchAll(/^\| \[`([a-z0-9-]+\/[a-z]+)`\]\(\1\/CARD\.md\) /gm)];
    expect(rows.map(([, folder]) => folder)).toEqual(named.map(([folder]) => folder));
    const folders = readdirSync(MODELS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) {
      if (!["own", "test"].includes(name)) expect(read("README.md")).toContain(`\`${name}/\``);
    }
  });
});

function manifestOf(name: string): Manifest {
  return entries.find((entry) => entry.pack === "compact" && entry.name === name)!.manifest!;
}

/** Of an analyzer's first classification. */
function labelsOf(manifest: Manifest): string[] {
  const answers = isAnalyzer(manifest) ? manifest.answers : [];
  const { labels } = answers.find(({ classification }) => classification)?.classification ?? { labels: [] };
  return labels.map(({ label }) => label);
}
