import { setTimeout as sleep } from "node:timers/promises";
import { NATS_SERVER, isAlive } from "@similarfaces/mesh";
import type { Attack, Target } from "./trial.js";

/**
 * `stopped`: the process is there and answers nothing (SIGSTOP), as where its disk hangs; a supervisor may end it before the time is over.
 * `dead`: killed, and it ends at once when it is started again.
 */
export type Absence = "stopped" | "dead";

/** Jobs before the broker goes, and after it is back, so that the outage lies between work. */
const JOBS_AROUND = 4;

export interface BrokerAwayOptions {
  absence: Absence;
  awayMs: number;
}

/** The broker is away for a while, in the middle of jobs. */
export function brokerAway({ absence, awayMs }: BrokerAwayOptions): Attack {
  return {
    async run(target: Target) {
      await target.completions(JOBS_AROUND);
      const fromMs = Date.now();
      await (absence === "stopped" ? stop(target, awayMs) : kill(target, awayMs));
      const untilMs = Date.now();
      const before = target.completed();
      await target.completions(before + JOBS_AROUND);
      return { outages: [{ fromMs, untilMs }], faultsAtMs: [untilMs] };
    },
  };
}

async function stop({ mesh }: Target, awayMs: number): Promise<void> {
  const broker = mesh.children()[NATS_SERVER]!;
  process.kill(broker.pid, "SIGSTOP");
  try {
    await sleep(awayMs);
  } finally {
    if (isAlive(broker)) process.kill(broker.pid, "SIGCONT");
  }
}

async function kill({ mesh, broker }: Target, awayMs: number): Promise<void> {
  broker.hold();
  process.kill(mesh.children()[NATS_SERVER]!.pid, "SIGKILL");
  try {
    await sleep(awayMs);
  } finally {
    broker.free();
  }
}
