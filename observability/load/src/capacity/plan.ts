import { answersPerFace, type StageName } from "@similarfaces/contracts";
import { PATH, perPhoto, stagesOf, type Costs, type Prices, type StageCost } from "./costs.js";
import { BUSY_MAX, workersFor } from "./queue.js";

export interface Demand {
  photosPerSecond: number;
  /** All results of 99 % of the photos. */
  p99Seconds: number;
}

export interface Plan {
  demand: Demand;
  /** Pods of one core and one worker each, as the chart's node type `cpu` asks for them. */
  pods: Record<StageName, number>;
  gatewayPods: number;
  cores: number;
  instances: {
    name: string;
    nodes: number;
    usdPerHour: number;
    /** Of computing: the broker, the blob store and the gallery's own servers are beside it. */
    usdPerThousandFaces: number;
  }[];
}

/** Pods, cores and nodes for a demand. @throws RangeError where computing alone takes longer than the demand allows */
export function planFor(demand: Demand, costs: Costs, prices: Prices): Plan {
  const waitSeconds = waitsWithin(demand, costs);
  const pods = Object.fromEntries(
    stagesOf(costs).map(([stage]) => [stage, workersFor(queueOf(stage, demand, costs), waitSeconds(stage))]),
  );
  const gatewayPods = gatewaysFor(demand, costs);
  const cores = Object.values(pods).reduce((sum, count) => sum + count, gatewayPods);
  const facesPerHour = demand.photosPerSecond * costs.facesPerPhoto * 3_600;
  return {
    demand,
    pods,
    gatewayPods,
    cores,
    instances: prices.instances.flatMap(({ name, nodeType, vcpus, usdPerHour }) => {
      if (nodeType !== "cpu" || usdPerHour === null) return [];
      const nodes = Math.ceil(cores / Math.floor(vcpus * prices.usableShare));
      const total = nodes * usdPerHour;
      return [{ name, nodes, usdPerHour: total, usdPerThousandFaces: (total / facesPerHour) * 1_000 }];
    }),
  };
}

/** @throws RangeError for a stage that was not measured */
export function queueOf(stage: StageName, { photosPerSecond }: Demand, costs: Costs) {
  const { cpuMs, squaredVariation } = costOf(stage, costs);
  return {
    perSecond: photosPerSecond * perPhoto(stage, costs),
    serviceSeconds: cpuMs / 1_000,
    squaredVariation,
    bunching: answersPerFace(stage) ? costs.squaredFacesPerPhoto / costs.facesPerPhoto : 1,
  };
}

function gatewaysFor({ photosPerSecond }: Demand, { gatewayCpuMsPerPhoto }: Costs): number {
  // Two at least: one may go at any time.
  return Math.max(2, Math.ceil((photosPerSecond * gatewayCpuMsPerPhoto) / 1_000 / BUSY_MAX));
}

/**
 * How long a message of each stage may wait, seconds: what is left of the time after computing, in equal parts to the stages of the
 * path. All others are made of the first one's answer, and have the time of the rest of the path.
 */
function waitsWithin({ p99Seconds }: Demand, costs: Costs) {
  const computeMs = PATH.reduce((sum, stage) => sum + costOf(stage, costs).computeMs, costs.overheadMs);
  const left = p99Seconds - computeMs / 1_000;
  if (left <= 0) {
    throw new RangeError(
      `a photo alone takes ${computeMs.toFixed(0)} ms: ${p99Seconds} s leave nothing to wait`,
    );
  }
  const part = left / PATH.length;
  return (stage: StageName): number => (PATH.includes(stage) ? part : left - part);
}

function costOf(stage: StageName, { stages }: Costs): StageCost {
  const cost = stages[stage];
  if (!cost) throw new RangeError(`${stage} was not measured`);
  return cost;
}
