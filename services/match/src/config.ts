import { TASKS, parsePacks } from "@similarfaces/inference";
import {
  inferenceSettings,
  oneOf,
  readSettings,
  runtimeSettings,
  stagesSetting,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";
import { elasticsearchSettings } from "./gallery/elasticsearch.js";

/** The keys that choose and open a gallery. */
export const gallerySettings = {
  galleryDriver: oneOf("GALLERY_DRIVER", ["nats", "elasticsearch"], { default: "nats" }),
  ...elasticsearchSettings,
} as const;

const settings = {
  ...runtimeSettings,
  ...inferenceSettings,
  ...gallerySettings,
  /** Other packs for some tasks: the embedder's manifest says how its scores are read. */
  modelPacks: { key: "MODEL_PACKS", read: (value?: string) => parsePacks(value ?? "", TASKS) },
  /** Where `enrol` is switched off, this process does not wait for it. */
  stages: stagesSetting,
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
