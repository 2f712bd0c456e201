import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { ProcessIdentity } from "./processIdentity.js";

/** What is to end together with the process that started it. */
export interface Guarded {
  /** Of a mesh: what its `run.json` names ends, then the folder goes. */
  dataDir: string;
  /** Ended first: a supervisor, or a broker without one. */
  processes?: readonly ProcessIdentity[];
  /** A file system is mounted on the folder. */
  isMounted?: boolean;
}

export interface Guard {
  /** All of it has ended in its own way. */
  release(): void;
}

const MAIN = fileURLToPath(new URL("../../dist/supervisor/guardMain.js", import.meta.url));

/**
 * A process that waits for the end of this one, whatever it is that ends it (an error that nobody caught, Ctrl-C, SIGKILL, a test
 * runner that has lost its patience), and then ends what this one can no longer end.
 */
export function guard(guarded: Guarded): Guard {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(guarded)], {
    // Ctrl-C goes to all of a group, and this one must outlive it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const pipe = child.stdin as unknown as Socket;
  // The child may have ended already, as when the machine shuts down.
  pipe.on("error", () => {});
  pipe.unref();
  child.unref();
  return { release: () => pipe.end("done") };
}
