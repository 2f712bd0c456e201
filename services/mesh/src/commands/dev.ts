import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { existsSync, watch, type FSWatcher } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Supervisor } from "../supervisor/supervisor.js";
import { runUntilSignal } from "./start.js";

const USAGE = `npm run dev [-- --processes]

The mesh from source: what is saved is compiled, and the services start again; the page is served by vite and updates in place.
After a change of a .proto file run npm run build; after one of the supervisor start anew.`;

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
/** What services are made of. The supervisor itself (services/mesh but for its mesh process) cannot replace itself. */
const COMPILED = [
  "contracts/dist",
  "gateway/dist",
  ...["vision", "inference", "runtime", "provision", "extract", "embed", "analyze", "gallery", "mesh"].map(
    (name) => `services/${name}/dist`,
  ),
];
/** The compiler writes file after file. */
const SETTLED_AFTER_MS = 300;

/** `npm run dev`. @returns the exit code */
export function dev(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      processes: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stderr.write(`${USAGE}\n`);
    return Promise.resolve(0);
  }
  return runUntilSignal({
    processes: values.processes,
    whenReady({ url }, supervisor) {
      const tools = [
        tool("tsc", ["-b", "-w", "--preserveWatchOutput"], ROOT),
        tool("vite", ["--host", "127.0.0.1"], join(ROOT, "ui"), { GATEWAY: url }),
      ];
      const watchers = watchCompiled(supervisor);
      return () => {
        for (const watcher of watchers) watcher.close();
        for (const { pid } of tools) endGroup(pid);
      };
    },
  });
}

/** In a process group of its own: tsc is a script around the compiler, and a signal to the script ends that alone. */
function tool(name: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const path = join(ROOT, "node_modules/.bin", name);
  const stdio: StdioOptions = ["ignore", "inherit", "inherit"];
  return spawn(path, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio });
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGTERM");
  } catch {
    // Ended by itself.
  }
}

function watchCompiled(supervisor: Supervisor): FSWatcher[] {
  let settled: NodeJS.Timeout | undefined;
  let restarting = Promise.resolve();
  const changed = () => {
    clearTimeout(settled);
    settled = setTimeout(() => {
      restarting = restarting.then(async () => {
        console.log("The code has changed: the services start again.");
        await supervisor.restart();
      });
    }, SETTLED_AFTER_MS);
  };
  return COMPILED.map((folder) => join(ROOT, folder))
    .filter((folder) => existsSync(folder))
    .map((folder) =>
      watch(folder, { recursive: true }, (_event, file) => {
        if (!file?.endsWith(".js")) return;
        const isOwnCode = folder.endsWith(join("mesh", "dist")) && !file.startsWith(`mesh${sep}`);
        if (!isOwnCode) changed();
      }),
    );
}
