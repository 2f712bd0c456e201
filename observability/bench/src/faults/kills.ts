import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "@similarfaces/mesh";
import type { Attack, Target } from "./trial.js";

export interface KillsOptions {
  /** Photos that visitors send; undefined: until the last kill has been followed by an answer. */
  jobs?: number;
  everyMs: number;
  random(): number;
  /** How many in all: a bound for the case that no job ends any more. */
  atMost: number;
  /** `everyMs` counts from the first job that ends after the last kill, so that a slow machine is not a failure. */
  awaitsWork?: boolean;
}

/** A process of the mesh, any of them, ends by SIGKILL every so often while visitors have jobs. */
export function kills({ jobs, everyMs, random, atMost, awaitsWork = false }: KillsOptions): Attack {
  return {
    ...(jobs === undefined ? {} : { jobs }),
    async run({ mesh, over, completed, completions }: Target) {
      const faultsAtMs: number[] = [];
      while (!over.aborted && faultsAtMs.length < atMost) {
        if (awaitsWork) await completions(completed() + 1);
        await sleep(everyMs, undefined, { signal: over }).catch(() => {});
        const alive = Object.values(mesh.children()).filter(isAlive);
        const one = alive[Math.floor(random() * alive.length)];
        if (over.aborted || !one) continue;
        process.kill(one.pid, "SIGKILL");
        faultsAtMs.push(Date.now());
      }
      await completions(completed() + 1);
      return { faultsAtMs };
    },
  };
}
