import { fileURLToPath } from "node:url";
import type { MixPhoto } from "@similarfaces/load";
import { oneProcessEnvironment } from "@similarfaces/mesh";
import { startAsked } from "../askedProcess.js";
import type { SpentRound } from "../spentRound.js";

/** The bare loop in a process of its own. */
export interface BareProcess {
  readonly pid: number;
  readonly workers: number;
  /** One photo alone. @returns the milliseconds it took there */
  analyse(photo: Uint8Array): Promise<number>;
  /** As many photos as go. */
  round(photos: readonly MixPhoto[], roundMs: number): Promise<SpentRound>;
  close(): Promise<void>;
}

export type BareQuestion = { photo: Uint8Array } | { photos: readonly MixPhoto[]; roundMs: number };

const MAIN = fileURLToPath(new URL("../../dist/bare/bareMain.js", import.meta.url));

/**
 * @param env the mesh's: it says which packs, analyzers and stages there are
 * @param processes whether that mesh has a process for every service: it may serve other analyzers then
 * @throws Error if it ends before it is ready
 */
export async function startBareProcess(env: NodeJS.ProcessEnv, processes = false): Promise<BareProcess> {
  const asked = await startAsked<{ workers: number }>("the bare loop", MAIN, {
    env: processes ? env : oneProcessEnvironment(env),
  });
  return {
    pid: asked.pid,
    workers: asked.hello.workers,
    analyse: async (photo) => (await asked.ask<{ elapsedMs: number }>({ photo })).elapsedMs,
    round: (photos, roundMs) => asked.ask({ photos, roundMs }),
    close: () => asked.close(),
  };
}
