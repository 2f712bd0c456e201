import { extractSettings } from "@similarfaces/extract";
import { gatewaySettings } from "@similarfaces/gateway";
import { inferenceSettings } from "@similarfaces/inference";
import { gallerySettings } from "@similarfaces/gallery";
import { readSettings, runtimeSettings, type Environment, type Settings } from "@similarfaces/runtime";

/** The keys of every service in one. */
const settings = {
  ...runtimeSettings,
  ...inferenceSettings,
  ...gatewaySettings,
  ...extractSettings,
  ...gallerySettings,
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
