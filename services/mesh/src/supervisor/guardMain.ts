import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { endProcess } from "./processIdentity.js";
import { endLeftovers, readRunState } from "./runState.js";
import type { Guarded } from "./guard.js";

/** Services drain within this. */
const GRACE_MS = 5_000;

const { dataDir, processes = [], isMounted = false } = JSON.parse(process.argv[2]!) as Guarded;
let message = "";
// Ends with its writer's "done", or with its writer.
for await (const chunk of process.stdin) message += String(chunk);
if (message !== "done") {
  await Promise.all(processes.map((identity) => endProcess(identity, GRACE_MS)));
  const state = readRunState(dataDir);
  if (state) await endProcess(state.supervisor, GRACE_MS);
  await endLeftovers(dataDir, GRACE_MS);
  if (isMounted) spawnSync("umount", [dataDir]);
  rmSync(dataDir, { recursive: true, force: true });
}
