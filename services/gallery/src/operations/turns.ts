import { setTimeout as pause } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";

export type Turns = ReturnType<typeof createTurns>;

const CONFLICTS_MAX = 60;
const PAUSE_FIRST_MS = 5;
const PAUSE_MAX_MS = 200;

/**
 * Runs changes of one identity one after another in this process, and each again where another replica was faster:
 * `change` returns undefined then.
 * @throws StageFailure gallery_unavailable after 60 conflicts, and what `change` throws
 */
export function createTurns() {
  /** The last change of each identity. */
  const last = new Map<string, Promise<unknown>>();
  return async <T>(identityIds: readonly string[], change: () => Promise<T | undefined>): Promise<T> => {
    const earlier = identityIds.map((id) => last.get(id));
    const turn = Promise.allSettled(earlier).then(() => untilUndisturbed(change));
    const end = turn.catch(() => {});
    for (const id of identityIds) last.set(id, end);
    try {
      return await turn;
    } finally {
      for (const id of identityIds) if (last.get(id) === end) last.delete(id);
    }
  };
}

async function untilUndisturbed<T>(change: () => Promise<T | undefined>): Promise<T> {
  for (let conflicts = 0; conflicts < CONFLICTS_MAX; conflicts++) {
    const done = await change();
    if (done !== undefined) return done;
    // Full jitter, so that replicas in conflict do not meet again.
    await pause(Math.random() * Math.min(PAUSE_FIRST_MS * 2 ** conflicts, PAUSE_MAX_MS));
  }
  throw new StageFailure("gallery_unavailable", "other replicas change this identity all the time");
}
