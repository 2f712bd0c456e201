import { FACES_MAX } from "@similarfaces/contracts";
import { TASKS, parsePacks } from "@similarfaces/inference";
import {
  inferenceSettings,
  integer,
  readSettings,
  runtimeSettings,
  type Environment,
  type Settings,
} from "@similarfaces/runtime";

export const extractSettings = {
  /** Other packs for some tasks, for instance `detect=yunet`. */
  modelPacks: { key: "MODEL_PACKS", read: (value?: string) => parsePacks(value ?? "", TASKS) },
  /** Faces analysed of one photo at most, largest first. */
  facesMax: integer("FACES_MAX", { min: 1, max: FACES_MAX, default: FACES_MAX }),
};

const settings = { ...runtimeSettings, ...inferenceSettings, ...extractSettings };

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}
