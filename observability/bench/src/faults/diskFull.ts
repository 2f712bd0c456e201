import { setTimeout as sleep } from "node:timers/promises";
import type { SmallDisk } from "./smallDisk.js";
import type { Attack } from "./trial.js";

const JOBS_AROUND = 4;
const REFILL_EVERY_MS = 250;

/** The disk under the broker is full for a while, in the middle of jobs; whatever it gives back is taken again. */
export function diskFull(disk: SmallDisk, fullMs: number): Attack {
  return {
    async run(target) {
      await target.completions(JOBS_AROUND);
      const fromMs = Date.now();
      try {
        while (Date.now() < fromMs + fullMs) {
          disk.fill();
          await sleep(REFILL_EVERY_MS);
        }
      } finally {
        disk.free();
      }
      const untilMs = Date.now();
      await target.completions(target.completed() + JOBS_AROUND);
      return { outages: [{ fromMs, untilMs }], faultsAtMs: [untilMs] };
    },
  };
}
