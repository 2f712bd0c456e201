import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** What decides about replicas, as Kubernetes and KEDA get it from the chart. */
export interface ScalingSettings {
  minReplicas: number;
  maxReplicas: number;
  /** Messages waiting and in work per replica. 0: lag is not looked at. */
  lagPerReplica: number;
  /** Of the processor that a replica requests. 0: the processor is not looked at. */
  cpuPercent: number;
  scaleUp: { stabilizationSeconds: number; percent: number; pods: number; periodSeconds: number };
  scaleDown: { stabilizationSeconds: number; percent: number; periodSeconds: number };
}

export interface StageSettings extends ScalingSettings {
  /** Messages a replica holds at once, the one in work included. */
  inFlightMax: number;
  graceMs: number;
  deadlineMs: number;
}

type Values = Record<string, never> & {
  stageDefaults: { nodeType: string; autoscaling: Record<string, number> };
  stages: Record<string, { autoscaling?: Record<string, number> }>;
  autoscaling: Pick<ScalingSettings, "scaleUp" | "scaleDown">;
  nodeTypes: Record<string, { lanes: number; concurrency: { photo: number; face: number } }>;
  drain: { graceSeconds: number };
  jobs: { deadlineSeconds: number };
};

/** The settings of a stage in the chart's values, with an example's file laid over them. */
export function chartSettings(stage: "extract" | "embed", example: string): StageSettings {
  const values = overlaid(read("../values.yaml"), read(`../examples/${example}.yaml`)) as Values;
  const own = { ...values.stageDefaults.autoscaling, ...values.stages[stage]?.autoscaling };
  const nodeType = values.nodeTypes[values.stageDefaults.nodeType]!;
  return {
    minReplicas: own["minReplicas"]!,
    maxReplicas: own["maxReplicas"]!,
    lagPerReplica: own["lagPerReplica"]!,
    cpuPercent: own["cpuPercent"]!,
    scaleUp: values.autoscaling.scaleUp,
    scaleDown: values.autoscaling.scaleDown,
    inFlightMax: nodeType.lanes * nodeType.concurrency[stage === "extract" ? "photo" : "face"],
    graceMs: values.drain.graceSeconds * 1_000,
    deadlineMs: values.jobs.deadlineSeconds * 1_000,
  };
}

function read(path: string): unknown {
  return parse(readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8"));
}

/** As Helm lays one file of values over another: maps are merged, everything else is replaced. */
function overlaid(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over === undefined ? base : over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, overlaid(base[key], over[key])]));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
