import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { MixPhoto } from "@similarfaces/load";
import type { Throughput } from "../closedLoop.js";

export interface BareRound extends Throughput {
  /** Processor time of the whole process, workers and collector among it, for `photosInAll`. */
  cpuSeconds: number;
}

/** The bare loop in a process of its own. One question at a time. */
export interface BareProcess {
  readonly pid: number;
  readonly workers: number;
  /** One photo alone. @returns the milliseconds it took there */
  analyse(photo: Uint8Array): Promise<number>;
  /** As many photos as go. */
  round(photos: readonly MixPhoto[], roundMs: number): Promise<BareRound>;
  close(): Promise<void>;
}

export type BareRequest = { photo: Uint8Array } | { photos: readonly MixPhoto[]; roundMs: number };
export type BareAnswer = { error: string } | { elapsedMs: number } | BareRound;

const MAIN = fileURLToPath(new URL("../../dist/bare/bareMain.js", import.meta.url));

/** @param env the mesh's: it says which packs, analyzers and stages there are. @throws Error if it ends before it is ready */
export async function startBareProcess(env: NodeJS.ProcessEnv): Promise<BareProcess> {
  const child = fork(MAIN, { env, serialization: "advanced" });
  const ended = once(child, "exit");
  const died = ended.then(([code, signal]) => {
    throw new Error(`the bare loop ended with ${code ?? signal}`);
  });
  // Whoever waits for an answer hears of it; between two of them nobody does.
  died.catch(() => {});
  const answer = async <Answer>(): Promise<Answer> => {
    const [answered] = await Promise.race([once(child, "message"), died]);
    if ("error" in answered) throw new Error(answered.error);
    return answered as Answer;
  };
  const ask = <Answer>(request: BareRequest): Promise<Answer> => {
    child.send(request);
    return answer();
  };
  const { workers } = await answer<{ workers: number }>();
  return {
    pid: child.pid!,
    workers,
    analyse: async (photo) => (await ask<{ elapsedMs: number }>({ photo })).elapsedMs,
    round: (photos, roundMs) => ask({ photos, roundMs }),
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
