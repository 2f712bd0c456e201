import { rowOf, type StageKind, type StageName } from "@similarfaces/contracts/stages";
import { oneOf, optionalUrl } from "@similarfaces/runtime/settings";

export interface NodeType {
  /** What such a node is, for people. */
  readonly help: string;
  /** Where the graphs run: in this process, or in the model server beside it in the pod. */
  readonly inferenceDriver: "onnx" | "oip";
  /** Messages in flight per inference lane, so that a lane never waits for the broker and never hoards. */
  readonly concurrency: Readonly<Record<StageKind, number>>;
  /** Lanes of one replica: worker threads on a CPU, NeuronCores behind the model server elsewhere. */
  readonly lanes: number;
  /** Chips in one run at most. 1 where batching gains nothing, as on a CPU. */
  readonly batchSizeMax: number;
  /** How long the first chip of a batch waits for others, milliseconds. */
  readonly batchWaitMs: number;
  /** What one replica asks of its node, beside the model server's own share. */
  readonly resources: {
    readonly cpuCores: number;
    /** Measured, doubled: 1,030 MiB at most for extract (photos of 48 megapixels), 250 for a stage of faces. */
    readonly memoryMiB: Readonly<Record<StageKind, number>>;
    /** Extended resources of the model server, by their Kubernetes name. */
    readonly accelerators: Readonly<Record<string, number>>;
  };
}

const MEMORY_MIB = { photo: 2_048, face: 512, gallery: 1_024 } as const;

const NODE_TYPE_NAMES = ["cpu", "inf2", "inf1"] as const;
export type NodeTypeName = (typeof NODE_TYPE_NAMES)[number];

/**
 * The kinds of machine a stage may run on. Replicas of one stage on different types share its consumer and take work as
 * fast as they end it, so a type needs no weight anywhere: only how much one replica holds at once. The chart's
 * `nodeTypes` repeats these figures for the scheduler; a test compares them.
 */
export const NODE_TYPES: Readonly<Record<NodeTypeName, NodeType>> = {
  // ONNX Runtime gains nothing by batches on a CPU (8 cost 8 times 1). Two in flight: one computes, one is decoded.
  cpu: {
    help: "any x86-64 or arm64 node; graphs run in this process",
    inferenceDriver: "onnx",
    concurrency: { photo: 2, face: 2, gallery: 8 },
    lanes: 1,
    batchSizeMax: 1,
    batchWaitMs: 0,
    resources: { cpuCores: 1, memoryMiB: MEMORY_MIB, accelerators: {} },
  },
  // An Inferentia2 chip has two NeuronCores; a graph is compiled for one batch size, and short batches are padded.
  // In flight is two batches per core: one computes while the next gathers.
  inf2: {
    help: "AWS Inferentia2; graphs run in a model server beside this process",
    inferenceDriver: "oip",
    concurrency: { photo: 2, face: 16, gallery: 8 },
    lanes: 2,
    batchSizeMax: 8,
    batchWaitMs: 4,
    resources: { cpuCores: 1, memoryMiB: MEMORY_MIB, accelerators: { "aws.amazon.com/neuron": 1 } },
  },
  // Legacy: four smaller cores, and an SDK that is frozen; smaller batches keep the answer within the same time.
  inf1: {
    help: "AWS Inferentia, legacy (Neuron SDK 1.x of torch-neuron, no longer developed)",
    inferenceDriver: "oip",
    concurrency: { photo: 2, face: 8, gallery: 8 },
    lanes: 4,
    batchSizeMax: 4,
    batchWaitMs: 4,
    resources: { cpuCores: 1, memoryMiB: MEMORY_MIB, accelerators: { "aws.amazon.com/neuron": 1 } },
  },
};

/** The keys that place a process on its node. */
export const nodeTypeSettings = {
  nodeType: oneOf("NODE_TYPE", NODE_TYPE_NAMES, { default: "cpu" }),
  /** The model server's address; needed where the node type's driver is `oip`. */
  oipUrl: optionalUrl("OIP_URL", ["http", "https"]),
} as const;

/** Messages in flight of one replica of `stage`; `lanes` where the process has another number than its node type. */
export function inFlightMax(nodeType: NodeType, stage: StageName, lanes: number = nodeType.lanes): number {
  return nodeType.concurrency[rowOf(stage).kind] * lanes;
}
