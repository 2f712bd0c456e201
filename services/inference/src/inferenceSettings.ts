import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { ConfigError, integer, text, type Setting, type Settings } from "@similarfaces/runtime";
import { TASKS, type Task } from "./manifest.js";
import { NODE_TYPES, nodeTypeSettings, type NodeTypeName } from "./nodeTypes.js";

/** Packs of single tasks, for instance `detect=yunet,embed=mine`. */
const modelPacks: Setting<Partial<Record<Task, string>>> = {
  key: "MODEL_PACKS",
  read(value = "") {
    const packs: Partial<Record<Task, string>> = {};
    for (const part of value.split(",").filter((item) => item.trim() !== "")) {
      const [name, pack] = part.split("=").map((item) => item.trim());
      const task = TASKS.find((candidate) => candidate === name);
      if (!task || !pack) throw new Error(`must be like detect=yunet, with tasks among ${TASKS.join(", ")}`);
      packs[task] = pack;
    }
    return packs;
  },
};

/** The keys of every service that runs models. */
export const inferenceSettings = {
  ...nodeTypeSettings,
  /** The folder of packs. */
  modelsDir: text("MODELS_DIR", { default: fileURLToPath(new URL("../../../models", import.meta.url)) }),
  modelPack: text("MODEL_PACK", { default: "compact" }),
  modelPacks,
  /** Threads that run models; one per usable core. In a container say how many those are: the host's are counted. */
  inferenceWorkers: integer("INFERENCE_WORKERS", { min: 1, max: 256, default: availableParallelism() }),
  /** Messages worked on at once, in all of a stage; 0 takes two per inference worker, so that none waits for the next. */
  stageConcurrency: integer("STAGE_CONCURRENCY", { min: 0, max: 1024, default: 0 }),
} as const;

export type InferenceSettings = Settings<typeof inferenceSettings>;

/** The bound on a stage's messages in flight that `stageConcurrency` stands for. */
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
