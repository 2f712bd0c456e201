import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { oneProcessEnvironment, servedStages } from "@similarfaces/mesh";
import { inferenceSettings, packsOf } from "@similarfaces/inference";
import { chosenStagesSetting, readSettings, type Environment } from "@similarfaces/runtime";

async function analyzersOf(env: Environment): Promise<string[]> {
  const config = readSettings(env, { ...inferenceSettings, stages: chosenStagesSetting });
  return (await servedStages(packsOf(config), config.stages)).analyzers.map(({ name }) => name);
}

const JOINT = ["attributes", "emotion"];
const APART = ["age", "gender", "race", "emotion"];

it.each<[string, Environment, string[]]>([
  ["nothing is chosen", {}, JOINT],
  ["a setting is empty, as compose writes it", { ANALYZER_PACKS: " ", STAGES: "" }, JOINT],
  ["the node type is the usual one", { NODE_TYPE: "cpu" }, JOINT],
  ["the pack is chosen", { MODEL_PACK: "compact" }, APART],
  ["the pack of a model is chosen", { MODEL_PACKS: "age=compact" }, APART],
  ["analyzers are chosen", { ANALYZER_PACKS: "extra" }, [...APART, "mask"]],
  ["both are chosen", { ANALYZER_PACKS: "compact-attributes,extra" }, [...JOINT, "mask"]],
  ["stages are chosen", { STAGES: "extract,age" }, ["age"]],
  ["graphs run in a model server, which has those of its packs", { NODE_TYPE: "inf2" }, APART],
])("age, gender and race in one process, where %s", async (_, env, analyzers) => {
  expect(await analyzersOf(oneProcessEnvironment(env))).toEqual(analyzers);
});

it("a folder of packs without that one is served as it is", async () => {
  const modelsDir = await mkdtemp(join(tmpdir(), "similarfaces-packs-"));
  try {
    expect(await analyzersOf(oneProcessEnvironment({ MODELS_DIR: modelsDir }))).toEqual([]);
  } finally {
    await rm(modelsDir, { recursive: true });
  }
});

it("services of their own stay apart", async () => {
  expect(await analyzersOf({})).toEqual(APART);
});
