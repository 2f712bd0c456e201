import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelCardSchema, create } from "@similarfaces/contracts";
import type { About, ModelAbout } from "@similarfaces/contracts/api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startMesh, type Mesh } from "./meshFixture.js";
import { HAT, card } from "./playedAnalyzers.js";

const measured = (accuracy: number) => [{ data: "everybody", n: 2, date: "2026-11", figures: { accuracy } }];
const common = { id: "own-hat", version: "2.0.0", task: "analyze", licence: "MIT", source: "a test" };
const figure = { name: "accuracy", better: "higher", lossMax: 0.01 };
const graph = { file: "model.onnx", sha256: "0".repeat(64) };

let mesh: Mesh;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-about-"));
  await mkdir(join(folder, "own/hat"), { recursive: true });
  const manifest = {
    ...common,
    figure,
    variants: [
      { precision: "float32", ...graph, bytes: 20, figure: 0.91, measured: measured(0.91) },
      { precision: "int8", ...graph, bytes: 10, figure: 0.9, measured: measured(0.9) },
    ],
  };
  await writeFile(join(folder, "own/hat/manifest.json"), JSON.stringify(manifest));
  mesh = await startMesh({ MODELS_DIR: folder });
});
afterAll(async () => {
  await mesh?.stop();
  await rm(folder, { recursive: true, force: true });
});

const about = async () => (await (await fetch(`${mesh.url}/v1/about`)).json()) as About;
const modelsOf = async (name: string) => (await about()).models.filter((model) => model.name === name);
const hatOfDisk: ModelAbout = {
  pack: "own",
  name: "hat",
  ...common,
  figure: { ...figure, better: "higher" },
  measured: measured(0.91),
  variants: [
    { precision: "float32", bytes: 20, figure: 0.91, measured: measured(0.91) },
    { precision: "int8", bytes: 10, figure: 0.9, measured: measured(0.9) },
  ],
};

it("a model on disk is listed with all its variants, and which of them runs", async () => {
  expect(await modelsOf("hat")).toEqual([hatOfDisk]);
  const running = (version: string, accuracy: number) =>
    create(ModelCardSchema, { ...card("own-hat", "int8", version), measured: measured(accuracy) });
  // One that stands, whether or not any of it runs.
  await mesh.analyzers.announce({ ...HAT, model: create(ModelCardSchema, card("own-hat", "", "2.0.0")) });
  await expect.poll(async () => (await about()).stages).toContain("hat");
  expect(await modelsOf("hat")).toEqual([hatOfDisk]);
  await mesh.analyzers.announce({ ...HAT, model: running("2.0.0", 0.9) });
  await expect
    .poll(() => modelsOf("hat"))
    .toEqual([{ ...hatOfDisk, precision: "int8", measured: measured(0.9) }]);
  // Of another version, it is another model.
  await mesh.analyzers.announce({ ...HAT, model: running("3.0.0", 0.8) });
  await expect.poll(async () => (await modelsOf("hat")).length).toBe(2);
  const [onDisk, elsewhere] = await modelsOf("hat");
  expect(onDisk).toEqual(hatOfDisk);
  expect(elsewhere).toMatchObject({
    version: "3.0.0",
    precision: "int8",
    variants: [{ precision: "int8", measured: measured(0.8) }],
  });
  await mesh.analyzers.withdraw(HAT.name);
  await expect.poll(() => modelsOf("hat")).toEqual([hatOfDisk]);
});

it("the models of the core are listed once they are announced, and are no analyzers", async () => {
  for (const name of ["embed", "refine", "detect"])
    await mesh.analyzers.announce({ name, model: card(`own-${name}`, "int8") });
  const core = async () => (await about()).models.filter(({ task }) => task !== "analyze");
  await expect
    .poll(async () => (await core()).map(({ name, task, precision }) => [name, task, precision]))
    .toEqual(["detect", "refine", "embed"].map((name) => [name, name, "int8"]));
  const { analyzers, stages } = await about();
  expect(analyzers.map(({ name }) => name)).toEqual(["quality", "age", "gender"]);
  expect(stages).not.toContain("detect");
});
