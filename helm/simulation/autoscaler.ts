import type { ScalingSettings } from "./settings.js";

/** The metrics that the controller reads, once per period. */
export interface Observation {
  atMs: number;
  /** Pods asked for, ready or not. */
  replicas: number;
  readyReplicas: number;
  /** Messages waiting and in work, as KEDA sums them. */
  lag: number;
  /** Processor time of the ready pods over what they request, 0..1, over the metrics server's window. */
  utilization: number;
}

/** A deviation from the target smaller than this share changes nothing: Kubernetes' default. */
const TOLERANCE = 0.1;

/**
 * The HorizontalPodAutoscaler's rule, with the external metric that KEDA serves: the largest wish of any metric, held by the
 * stabilisation windows and limited by the policies. Source: the algorithm's description in the Kubernetes documentation
 * (Horizontal Pod Autoscaling, algorithm details and scaling policies).
 */
export class Autoscaler {
  readonly #settings: ScalingSettings;
  #wishes: { atMs: number; replicas: number }[] = [];
  #changes: { atMs: number; by: number }[] = [];

  constructor(settings: ScalingSettings) {
    this.#settings = settings;
  }

  /** How many replicas there should be from now on. */
  decide(observed: Observation): number {
    const { minReplicas, maxReplicas, scaleUp, scaleDown } = this.#settings;
    const wish = this.#wish(observed);
    this.#wishes.push({ atMs: observed.atMs, replicas: wish });
    const held = this.#held(observed, wish);
    let next = held;
    if (held > observed.replicas) {
      const before = observed.replicas - this.#changed(observed.atMs, scaleUp.periodSeconds, 1);
      next = Math.min(held, Math.max(Math.ceil(before * (1 + scaleUp.percent / 100)), before + scaleUp.pods));
    } else if (held < observed.replicas) {
      const before = observed.replicas + this.#changed(observed.atMs, scaleDown.periodSeconds, -1);
      next = Math.max(held, Math.floor(before * (1 - scaleDown.percent / 100)));
      next = Math.min(next, observed.replicas);
    }
    next = Math.min(maxReplicas, Math.max(minReplicas, next));
    if (next !== observed.replicas) this.#changes.push({ atMs: observed.atMs, by: next - observed.replicas });
    return next;
  }

  #wish({ replicas, readyReplicas, lag, utilization }: Observation): number {
    const { lagPerReplica, cpuPercent, minReplicas, maxReplicas } = this.#settings;
    const wishes: number[] = [];
    if (lagPerReplica > 0) {
      const ratio = lag / (lagPerReplica * replicas);
      wishes.push(Math.abs(1 - ratio) <= TOLERANCE ? replicas : Math.ceil(lag / lagPerReplica));
    }
    if (cpuPercent > 0)
      wishes.push(wishByProcessor(replicas, readyReplicas, utilization / (cpuPercent / 100)));
    return Math.min(maxReplicas, Math.max(minReplicas, ...wishes));
  }

  #held({ atMs, replicas }: Observation, wish: number): number {
    const { scaleUp, scaleDown } = this.#settings;
    const within = (seconds: number) =>
      this.#wishes.filter((past) => past.atMs >= atMs - seconds * 1_000).map((past) => past.replicas);
    const up = Math.min(wish, ...within(scaleUp.stabilizationSeconds));
    const down = Math.max(wish, ...within(scaleDown.stabilizationSeconds));
    this.#wishes = this.#wishes.filter((past) => past.atMs >= atMs - 3_600_000);
    return replicas < up ? up : replicas > down ? down : replicas;
  }

  /** Replicas added (or, with -1, removed) within the period. */
  #changed(atMs: number, seconds: number, sign: 1 | -1): number {
    return this.#changes
      .filter((change) => change.atMs > atMs - seconds * 1_000 && Math.sign(change.by) === sign)
      .reduce((sum, { by }) => sum + Math.abs(by), 0);
  }
}

/** Pods that are not ready count as idle when that dampens a rise. */
function wishByProcessor(replicas: number, ready: number, ratio: number): number {
  if (ready === 0 || Math.abs(1 - ratio) <= TOLERANCE) return replicas;
  if (ready === replicas || ratio < 1) return Math.ceil(ratio * ready);
  const dampened = (ratio * ready) / replicas;
  return dampened <= 1 + TOLERANCE ? replicas : Math.ceil(dampened * replicas);
}
