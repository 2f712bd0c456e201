import { ANALYZERS, type AnalyzerName } from "@similarfaces/contracts";
import { TASKS, parsePacks } from "@similarfaces/inference";
import {
  inferenceSettings,
  readSettings,
  runtimeSettings,
  type Environment,
  type Setting,
  type Settings,
} from "@similarfaces/runtime";

const settings = {
  ...runtimeSettings,
  ...inferenceSettings,
  /** Other packs for some tasks, for instance `detect=yunet`. */
  modelPacks: { key: "MODEL_PACKS", read: (value?: string) => parsePacks(value ?? "", TASKS) },
  /** Which of the four this process is. */
  analyzer: analyzerSetting("ANALYZER"),
};

export type Config = Settings<typeof settings>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment): Config {
  return readSettings(env, settings);
}

function analyzerSetting(key: string): Setting<AnalyzerName> {
  return {
    key,
    read: (value) => {
      const analyzer = ANALYZERS.find((name) => name === value);
      if (!analyzer) throw new Error(`is required: one of ${ANALYZERS.join(", ")}`);
      return analyzer;
    },
  };
}
