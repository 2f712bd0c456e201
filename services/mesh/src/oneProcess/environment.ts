import { existsSync } from "node:fs";
import { join } from "node:path";
import { inferenceSettings } from "@similarfaces/inference/settings";
import { chosenStagesSetting, type Environment } from "@similarfaces/runtime/settings";

/** One run of it answers age, gender and race: here they share the processor anyway, and apart they would be three runs. */
const JOINT_PACK = "compact-attributes";

const { modelsDir, modelPack, modelPacks, analyzerPacks, nodeType } = inferenceSettings;

/** Whoever sets one of them is served what it says, and no more. */
const CHOICES = [modelPack, modelPacks, analyzerPacks, chosenStagesSetting];

/**
 * The environment of a mesh in one process: where it chooses no packs and no stages, age, gender and race are from one run. A model server has
 * the graphs that it was given, so there they stay apart, as they do where the folder of packs has no such pack.
 */
export function oneProcessEnvironment(env: Environment): Environment {
  const valueOf = (key: string) => env[key]?.trim() || undefined;
  const isChosen = CHOICES.some(({ key }) => valueOf(key) !== undefined);
  const hasModelServer = (valueOf(nodeType.key) ?? "cpu") !== "cpu";
  const folder = join(modelsDir.read(valueOf(modelsDir.key)), JOINT_PACK);
  if (isChosen || hasModelServer || !existsSync(folder)) return env;
  return { ...env, [analyzerPacks.key]: JOINT_PACK };
}
