import fs = require("node:fs");
import inspector = require("node:inspector");
import worker = require("node:worker_threads");
import type { SampledProcess } from "./sampledProcess.js";

/**
 * Required by every process of a mesh that is profiled (NODE_OPTIONS, where `--cpu-prof` is not allowed): samples its main thread, and
 * finds out which threads are whose. It writes that to `PROFILE_DIR/<pid>.json` at its end; a worker writes an empty
 * `<pid>.<tid>.worker` at its beginning.
 */
const folder = process.env["PROFILE_DIR"];
if (folder !== undefined) {
  if (worker.isMainThread) sample(folder);
  else fs.writeFileSync(`${folder}/${process.pid}.${threadId()}.worker`, "");
}

function sample(dir: string): void {
  // Before anything has used it, libuv has no pool, and its first use makes all of it.
  const platform = threads();
  let pool: number[] = [];
  fs.stat("/", () => (pool = threads().filter((id) => !platform.includes(id))));
  const session = new inspector.Session();
  session.connect();
  // Callbacks of a session in its own thread are called before `post` returns.
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: 1_000 });
  process.once("exit", () => {
    session.post("Profiler.stop", (error, { profile }) => {
      if (error) throw error;
      const sampled: SampledProcess = {
        profile,
        pool,
        platform: platform.filter((id) => id !== process.pid),
      };
      fs.writeFileSync(`${dir}/${process.pid}.json`, JSON.stringify(sampled));
    });
  });
  session.post("Profiler.start");
}

function threads(): number[] {
  return fs.readdirSync("/proc/self/task").map(Number);
}

/** "4711/task/4713" */
function threadId(): number {
  return Number(fs.readlinkSync("/proc/thread-self").split("/").at(-1));
}
