import type { StageName } from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import type { Admission } from "../admission/admission.js";
import type { StageClock, StageTimes } from "./stageTimes.js";

/** How the mesh is doing now: `GET /v1/status`. */
export interface Status {
  /** False while the broker is away; the rest is then what was seen last. */
  connected: boolean;
  stages: (StageTimes & {
    /** Stored and not yet delivered. */
    waiting: number;
    /** Delivered and not yet answered. */
    inFlight: number;
  })[];
}

export interface StatusOptions {
  broker: Broker;
  admission: Admission;
  clock: StageClock;
  stages: readonly StageName[];
}

export function statusNow({ broker, admission, clock, stages }: StatusOptions): Status {
  const nowMs = Date.now();
  const backlogs = new Map(admission.latest.map((stage) => [stage.stage, stage]));
  return {
    connected: broker.connected(),
    stages: stages.map((stage) => ({
      ...clock.timesOf(stage, nowMs),
      waiting: backlogs.get(stage)?.pending ?? 0,
      inFlight: backlogs.get(stage)?.ackPending ?? 0,
    })),
  };
}
