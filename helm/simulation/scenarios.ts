import { simulate, type Cluster, type Load } from "./fleet.js";
import type { Outcome } from "./outcome.js";
import { chartSettings, type StageSettings } from "./settings.js";

export const STEP_AT_MS = 300_000;
export const STEP_UNTIL_MS = 1_200_000;

/** 20 photos per second, 100 from the fifth minute to the twentieth, then 20 again. */
export const LOAD: Load = {
  ratePerSecond: (atMs) => (atMs >= STEP_AT_MS && atMs < STEP_UNTIL_MS ? 100 : 20),
  durationMs: 2_400_000,
  // Decoding, detection and chips of a camera's photo on one core.
  computeMs: { median: 100, spread: 0.3 },
};

/** A pod: scheduled, image on the node, process ready (0.7 s measured). A node: Karpenter's usual, image pull included. */
const ROOM: Cluster = { podStartMs: 4_000, nodeStartMs: 60_000, roomFor: 1_000 };
const NEW_NODES: Cluster = { ...ROOM, roomFor: 8 };

export interface Scenario {
  name: string;
  settings: StageSettings;
  cluster: Cluster;
}

export interface Figures {
  name: string;
  /** From the step to the first decision's first replica at work, and from ready to its first message at worst. */
  firstReplicaSeconds: number | undefined;
  readyToWorkMs: number | undefined;
  /** From the step until no photo waits longer than a second any more, seconds; undefined: not before the step ends. */
  absorbedSeconds: number | undefined;
  waitingMax: number;
  /** Of photos that came during the step. */
  p50WaitSeconds: number;
  p99WaitSeconds: number;
  expired: number;
  replicasMax: number;
  /** Decisions in the last five minutes of the step, where the load is level: none is best. */
  decisionsWhileLevel: number;
  replicaHours: number;
  lost: number;
  repeated: number;
}

export function scenarios(): Scenario[] {
  const chart = chartSettings("extract", "eks-production");
  return [
    { name: "the chart's: lag and processor time", settings: chart, cluster: ROOM },
    { name: "the same, where nodes must be made", settings: chart, cluster: NEW_NODES },
    { name: "lag alone", settings: { ...chart, cpuPercent: 0 }, cluster: ROOM },
    { name: "processor time alone (`kind: hpa`)", settings: { ...chart, lagPerReplica: 0 }, cluster: ROOM },
    {
      name: "no autoscaling, the minimum",
      settings: { ...chart, maxReplicas: chart.minReplicas },
      cluster: ROOM,
    },
  ];
}

export function run({ settings, cluster }: Scenario): Outcome {
  return simulate(settings, LOAD, cluster);
}

export function figures(name: string, outcome: Outcome): Figures {
  const { arrived, answered, expired, left, repeated, waits, samples, firsts, decisions } = outcome;
  const ofStep = waits
    .filter(({ arrivedAtMs }) => arrivedAtMs >= STEP_AT_MS && arrivedAtMs < STEP_UNTIL_MS)
    .map(({ waitMs }) => waitMs)
    .sort((a, b) => a - b);
  const came = firsts.filter(({ readyAtMs }) => readyAtMs > STEP_AT_MS);
  return {
    name,
    firstReplicaSeconds:
      came.length > 0
        ? (Math.min(...came.map(({ firstAtMs }) => firstAtMs)) - STEP_AT_MS) / 1_000
        : undefined,
    readyToWorkMs: busyFirsts(came),
    absorbedSeconds: absorbedAfter(waits),
    waitingMax: Math.max(...samples.map(({ waiting }) => waiting)),
    p50WaitSeconds: quantile(ofStep, 0.5) / 1_000,
    p99WaitSeconds: quantile(ofStep, 0.99) / 1_000,
    expired,
    replicasMax: Math.max(...samples.map(({ readyReplicas }) => readyReplicas)),
    decisionsWhileLevel: decisions.filter(
      ({ atMs }) => atMs >= STEP_UNTIL_MS - 300_000 && atMs < STEP_UNTIL_MS,
    ).length,
    replicaHours: outcome.replicaSeconds / 3_600,
    lost: arrived - answered - expired - left,
    repeated,
  };
}

/** The longest that a replica which came while work waited was idle before its first message. */
function busyFirsts(came: Outcome["firsts"]): number | undefined {
  const early = came.filter(({ readyAtMs }) => readyAtMs < STEP_AT_MS + 60_000);
  return early.length > 0
    ? Math.max(...early.map(({ readyAtMs, firstAtMs }) => firstAtMs - readyAtMs))
    : undefined;
}

/** The last photo of the step that waited longer than a second, over the first minute after the worst. */
function absorbedAfter(waits: Outcome["waits"]): number | undefined {
  const slow = waits.filter(
    ({ arrivedAtMs, waitMs }) => arrivedAtMs >= STEP_AT_MS && arrivedAtMs < STEP_UNTIL_MS && waitMs > 1_000,
  );
  if (slow.length === 0) return 0;
  const byArrival = slow.map(({ arrivedAtMs, waitMs }) => arrivedAtMs + waitMs).sort((a, b) => a - b);
  // Two minutes without a slow photo end the wave; a later one is another.
  const end = byArrival.find((atMs, i) => (byArrival[i + 1] ?? Infinity) - atMs > 120_000)!;
  return end >= STEP_UNTIL_MS - 1_000 ? undefined : (end - STEP_AT_MS) / 1_000;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
