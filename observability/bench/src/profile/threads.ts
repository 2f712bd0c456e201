import { readFileSync, readdirSync } from "node:fs";
import type { Sampling } from "./sampledProcess.js";

/** Seconds of processor time so far. */
export interface Times {
  user: number;
  system: number;
}

/** Of a process at a moment: all of it, and each of its threads that runs. */
export interface ProcessTimes {
  all: Times;
  threads: ReadonlyMap<number, Times & { name: string }>;
}

/** What threads beside the main one are there for. */
export const ROLES = {
  workers: "models",
  libvips: "libvips: decode and encode",
  pool: "libuv's pool: decode, encode, files",
  platform: "V8's threads: collection, compiling",
  profiler: "the profiler itself",
  rest: "other threads, and those that have ended",
} as const;

/** Fixed in Linux' interface to programs on the platforms that Node runs on. */
const TICKS_PER_SECOND = 100;

/** proc_pid_stat(5) of a process and of its threads. @throws Error where there is no such process, or no Linux */
export function processTimes(pid: number): ProcessTimes {
  const threads = new Map<number, Times & { name: string }>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(Number(tid), statOf(`/proc/${pid}/task/${tid}/stat`));
    } catch {
      // It has ended since; the process counts it.
    }
  }
  return { all: statOf(`/proc/${pid}/stat`), threads };
}

function statOf(path: string): Times & { name: string } {
  const stat = readFileSync(path, "utf8");
  // The second field is the name, which may have spaces; 14 and 15 are user and system time.
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  return {
    name: stat.slice(stat.indexOf("(") + 1, end),
    user: Number(fields[11]) / TICKS_PER_SECOND,
    system: Number(fields[12]) / TICKS_PER_SECOND,
  };
}

export interface Spent {
  mainSeconds: number;
  /** Seconds, by role. */
  roles: Map<string, number>;
}

/** What each role has used between two moments. A thread that has ended in between is what the process used beyond the others. */
export function spentByRole(
  pid: number,
  [before, after]: readonly [ProcessTimes, ProcessTimes],
  { workers, pool, platform }: ReturnType<Sampling["read"]>,
): Spent {
  const roles = new Map<string, number>(Object.values(ROLES).map((role) => [role, 0]));
  let mainSeconds = 0;
  let rest = secondsOf(after.all) - secondsOf(before.all);
  for (const [tid, times] of after.threads) {
    const seconds = secondsOf(times) - secondsOf(before.threads.get(tid));
    rest -= seconds;
    if (tid === pid) mainSeconds = seconds;
    else {
      const role = roleOf(tid, times.name);
      roles.set(role, roles.get(role)! + seconds);
    }
  }
  roles.set(ROLES.rest, roles.get(ROLES.rest)! + rest);
  return { mainSeconds, roles };

  function roleOf(tid: number, name: string): string {
    if (workers.includes(tid)) return ROLES.workers;
    if (name.startsWith("libvips")) return ROLES.libvips;
    if (name.startsWith("v8:Prof")) return ROLES.profiler;
    if (pool.includes(tid)) return ROLES.pool;
    return platform.includes(tid) ? ROLES.platform : ROLES.rest;
  }
}

export function secondsOf(times: Times | undefined): number {
  return times ? times.user + times.system : 0;
}
