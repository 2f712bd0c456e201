import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { ConfigError, integer, text, type Setting, type Settings } from "@similarfaces/runtime/settings";
import { isCoreModel, isStageName } from "@similarfaces/contracts/stages";
import type { PackChoice } from "../packs/findModels.js";
import { precisionOnModelServer, precisionSetting } from "../packs/precision.js";
import { NODE_TYPES, nodeTypeSettings, type NodeTypeName } from "./nodeTypes.js";

/** Packs of single models, for instance `detect=yunet,embed=mine`. */
const modelPacks: Setting<Readonly<Record<string, string>>> = {
  key: "MODEL_PACKS",
  read(value = "") {
    const packs: Record<string, string> = {};
    for (const part of itemsOf(value)) {
      const [name = "", pack] = part.split("=").map((item) => item.trim());
      if (!(isStageName(name) || isCoreModel(name)) || !pack) {
        throw new Error(
          "must be like detect=yunet,embed=mine: detect, refine, embed or an analyzer, and its pack",
        );
      }
      packs[name] = pack;
    }
    return packs;
  },
};

/** Packs whose analyzers are served beside those of the pack in use: names in the folder of packs, or paths with a slash. */
const analyzerPacks: Setting<readonly string[]> = {
  key: "ANALYZER_PACKS",
  read: (value = "") => itemsOf(value),
};

function itemsOf(list: string): string[] {
  return list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** The keys of every service that runs models. */
export const inferenceSettings = {
  ...nodeTypeSettings,
  /** The folder of packs. */
  modelsDir: text("MODELS_DIR", { default: fileURLToPath(new URL("../../../../models", import.meta.url)) }),
  modelPack: text("MODEL_PACK", { default: "compact" }),
  modelPacks,
  analyzerPacks,
  /** Which variants run. */
  modelPrecision: precisionSetting,
  /** Milliseconds that an analyzer may take for a chip at its warm-up, where other models share its workers. */
  analyzerMsMax: integer("ANALYZER_MS_MAX", { min: 1, max: 60_000, default: 50 }),
  /** Threads that run models; one per usable core. To be set in a container, where the default counts the host's cores. */
  inferenceWorkers: integer("INFERENCE_WORKERS", { min: 1, max: 256, default: availableParallelism() }),
  /** Messages worked on at once, in all of a stage; 0 takes two per inference worker, so that none waits for the next. */
  stageConcurrency: integer("STAGE_CONCURRENCY", { min: 0, max: 1024, default: 0 }),
} as const;

export type InferenceSettings = Settings<typeof inferenceSettings>;

type PackSettings = Pick<
  InferenceSettings,
  "modelsDir" | "modelPack" | "modelPacks" | "analyzerPacks" | "modelPrecision"
>;

/**
 * The packs and variants that the settings choose. A process that runs models has a node type: beside a model server variants are float32.
 * @throws ConfigError for int8 beside a model server
 */
export function packsOf({
  modelsDir,
  modelPack: pack,
  modelPacks: packs,
  analyzerPacks,
  modelPrecision,
  nodeType = "cpu",
}: PackSettings & { nodeType?: NodeTypeName }): PackChoice {
  const { inferenceDriver } = NODE_TYPES[nodeType];
  const precision = inferenceDriver === "oip" ? precisionOnModelServer(modelPrecision) : modelPrecision;
  return { modelsDir, pack, packs, analyzerPacks, precision };
}

/** How the models of a process with these settings are opened (openFound). */
export function openingOf(config: InferenceSettings) {
  return {
    workers: config.inferenceWorkers,
    analyzerMsMax: config.analyzerMsMax,
    modelServer: modelServerOf(config),
  };
}

/** The bound on a stage's pieces of work done at once that `stageConcurrency` stands for. */
export function concurrencyOf(
  config: { stageConcurrency: number; inferenceWorkers: number },
  perWorker = 2,
): number {
  return config.stageConcurrency || perWorker * config.inferenceWorkers;
}

/**
 * The model server that runs the graphs of such a node, undefined where they run in this process.
 * @throws ConfigError if the node type needs one and its address is not given
 */
export function modelServerOf({
  nodeType,
  oipUrl,
}: {
  nodeType: NodeTypeName;
  oipUrl: string | undefined;
}): { url: string; batchSizeMax: number; batchWaitMs: number } | undefined {
  const { inferenceDriver, batchSizeMax, batchWaitMs } = NODE_TYPES[nodeType];
  if (inferenceDriver === "onnx") return undefined;
  if (oipUrl === undefined) throw new ConfigError([`OIP_URL is required where NODE_TYPE is ${nodeType}`]);
  return { url: oipUrl, batchSizeMax, batchWaitMs };
}
