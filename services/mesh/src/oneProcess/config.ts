import { extractSettings } from "@similarfaces/extract";
import { gallerySettings } from "@similarfaces/gallery";
import { gatewaySettings } from "@similarfaces/gateway";
import { inferenceSettings } from "@similarfaces/inference";
import {
  chosenStagesSetting,
  readSettings,
  runtimeSettings,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";

/** The keys of every service in one. */
const settings = {
  ...runtimeSettings,
  ...inferenceSettings,
  ...gatewaySettings,
  ...extractSettings,
  ...gallerySettings,
  /** Undefined: all stages of the table, and every analyzer of the packs in use. */
  stages: chosenStagesSetting,
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
