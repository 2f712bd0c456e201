import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { us_listen_socket } from "uWebSockets.js";

export type Uws = typeof import("uWebSockets.js") & {
  /** The older build's names. */
  getSocketPort: (socket: us_listen_socket) => number;
  closeSocket: (socket: us_listen_socket) => void;
};

/** Two republications of uWebSockets.js on the registry: upstream's binaries (glibc 2.38), and an older build for older ones. */
const PACKAGES = ["uWebSockets.js", "uws-glibc-2-36"];

interface Loaded {
  uws: Uws;
  name: string;
}

let loaded: Loaded | undefined | null = null;

/** The first republication whose binary loads on this machine, or undefined. */
export function loadUws(): Loaded | undefined {
  if (loaded !== null) return loaded;
  const require = createRequire(import.meta.url);
  for (const name of PACKAGES) {
    try {
      const module = require(name) as Uws & { default?: Uws };
      // Beside the program: neither package exports its package.json.
      const { version } = JSON.parse(
        readFileSync(join(dirname(require.resolve(name)), "package.json"), "utf8"),
      ) as { version: string };
      return (loaded = {
        uws: module.default ?? module,
        name: `uWebSockets.js (package ${name} ${version})`,
      });
    } catch {
      // A libc or Node that this build is not for: the next one, or none.
    }
  }
  return (loaded = undefined);
}
