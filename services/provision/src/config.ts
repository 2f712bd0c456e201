import { inferenceSettings } from "@similarfaces/inference";
import {
  integer,
  readSettings,
  runtimeSettings,
  stagesSetting,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";

const { modelsDir, modelPack, modelPacks, analyzerPacks } = inferenceSettings;

const settings = {
  ...runtimeSettings,
  /** Where the manifests of the analyzers are that STAGES names. */
  modelsDir,
  modelPack,
  modelPacks,
  analyzerPacks,
  /** The stages of the table that are switched on, and the analyzers that stay announced although none of them may run. */
  stages: stagesSetting,
  /** Copies of every stream, bucket and store. */
  replicas: integer("REPLICAS", { min: 1, max: 5, default: 1 }),
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
