import type { Broker } from "../broker/broker.js";
import type { Log } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import type { Tracing } from "../telemetry/tracing.js";
import type { Room } from "./room.js";

/** What a stage runs with. */
export interface StageOptions {
  broker: Broker;
  /**
   * Pieces of work done at once, where each weighs 1: the node's real capacity, so that waiting work stays where others can take it.
   * One more is let in beside what is heavier than all of it.
   */
  concurrency: number;
  /** The consumer's; the loop says `working` at half of it. */
  ackWaitMs?: number;
  /** How long `drain` lets work in flight go on before it hands it back. */
  graceMs: number;
  metrics: Metrics;
  log: Log;
  tracing?: Tracing;
}

export interface HandlingOptions extends StageOptions {
  room: Room;
  /** Aborted when the process must stop before the work is done. */
  stop: AbortSignal;
}
