import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a process says of itself at its end. */
export interface SampledProcess {
  /** Of the main thread's whole life. */
  profile: Profiler.Profile;
  /** Threads of libuv's pool. */
  pool: number[];
  /** Threads that there were before any other: V8's. */
  platform: number[];
}

export interface Sampling {
  /** For the processes that are to be sampled. */
  readonly env: Record<string, string>;
  /** @throws Error where it has not ended in its own way */
  read(pid: number): SampledProcess & { workers: number[] };
  /** Removes what was written. */
  end(): void;
}

const SAMPLED = fileURLToPath(new URL("../../dist/profile/sampled.cjs", import.meta.url));

export function startSampling(): Sampling {
  const folder = mkdtempSync(join(tmpdir(), "similarfaces-profile-"));
  const options = [process.env["NODE_OPTIONS"], `--require=${SAMPLED}`].filter(Boolean).join(" ");
  return {
    env: { NODE_OPTIONS: options, PROFILE_DIR: folder },
    read(pid) {
      const sampled = JSON.parse(readFileSync(join(folder, `${pid}.json`), "utf8")) as SampledProcess;
      const workers = readdirSync(folder).flatMap((name) => {
        const [ofPid, tid, kind] = name.split(".");
        return kind === "worker" && Number(ofPid) === pid ? [Number(tid)] : [];
      });
      return { ...sampled, workers };
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}
