import { TASKS, parsePacks } from "@similarfaces/inference";
import {
  inferenceSettings,
  readSettings,
  runtimeSettings,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";

const settings = {
  ...runtimeSettings,
  ...inferenceSettings,
  /** Other packs for some tasks, for instance `detect=yunet`. */
  modelPacks: { key: "MODEL_PACKS", read: (value?: string) => parsePacks(value ?? "", TASKS) },
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
