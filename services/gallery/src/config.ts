import { inferenceSettings } from "@similarfaces/inference";
import {
  integer,
  oneOf,
  optional,
  readSettings,
  runtimeSettings,
  stagesSetting,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";
import { elasticsearchSettings } from "./drivers/elasticsearch/settings.js";

/** The keys that choose and open a gallery. */
export const gallerySettings = {
  galleryDriver: oneOf("GALLERY_DRIVER", ["nats", "elasticsearch"], { default: "nats" }),
  /** Room of the `nats` driver's bucket, which the broker reserves. 100,000 faces take about 240 MiB. */
  galleryMaxMib: integer("GALLERY_MAX_MIB", { min: 1, max: 65_536, default: 384 }),
  /** Where the `nats` driver leaves a snapshot, for a start that reads only what has changed since. Unset: nowhere. */
  gallerySnapshotFile: optional("GALLERY_SNAPSHOT_FILE"),
  ...elasticsearchSettings,
} as const;

const matchSettings = {
  ...gallerySettings,
  /** Where `enrol` is switched off, this process does not wait for it. */
  stages: stagesSetting,
} as const;

const settings = { ...runtimeSettings, ...inferenceSettings, ...matchSettings };

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
