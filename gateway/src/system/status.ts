import type { StageName } from "@similarfaces/contracts";
import type { Status } from "@similarfaces/contracts/api";
import type { Broker } from "@similarfaces/runtime";
import type { Admission } from "../admission/admission.js";
import type { StageClock } from "./stageTimes.js";

export interface StatusOptions {
  broker: Broker;
  admission: Admission;
  clock: StageClock;
  /** Those that are installed now. */
  stages(): readonly StageName[];
}

/** How the mesh is doing now: `GET /v1/status`. */
export function statusNow({ broker, admission, clock, stages }: StatusOptions): Status {
  const nowMs = Date.now();
  const backlogs = new Map(admission.latest.map((stage) => [stage.stage, stage]));
  return {
    connected: broker.connected(),
    stages: stages().map((stage) => ({
      ...clock.timesOf(stage, nowMs),
      waiting: backlogs.get(stage)?.pending ?? 0,
      inFlight: backlogs.get(stage)?.ackPending ?? 0,
    })),
  };
}
