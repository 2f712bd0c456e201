import { setTimeout as pause } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";
import type { Store } from "./store.js";

/** An identity that is deleted in the background, and what has been deleted of it. */
export interface Deletion {
  readonly identityId: string;
  readonly startedAtMs: number;
  /** Faces that are counted as deleted, and portraits. */
  readonly faces: number;
  readonly thumbnails: number;
  /** Faces that are counted and may be there still: what ends a process here is gone on with, and counted once. */
  readonly counted: readonly string[];
  /** Grows with each write. */
  readonly step: number;
  /** Undefined while it goes on. */
  readonly endedAtMs?: number;
}

export type Deletions = ReturnType<typeof deletionsOf>;

const NOTE = "deletions";
/** How long a receipt can be asked for. */
const KEPT_MS = 86_400_000;
const ENDED_MAX = 200;
const CONFLICTS_MAX = 60;
const PAUSE_MAX_MS = 100;

/** All deletions of the gallery, in one note: each write of one is guarded by its step, so that replicas that work on the same count once. */
export function deletionsOf({ notes }: Pick<Store, "notes">) {
  async function read() {
    const note = await notes.read(NOTE);
    return { deletions: (note?.value ?? []) as Deletion[], version: note?.version };
  }

  async function of(identityId: string): Promise<Deletion | undefined> {
    return (await read()).deletions.find((one) => one.identityId === identityId);
  }

  return {
    of,

    async isOpen(identityId: string): Promise<boolean> {
      const deletion = await of(identityId);
      return deletion !== undefined && deletion.endedAtMs === undefined;
    },

    open: async (): Promise<Deletion[]> =>
      (await read()).deletions.filter(({ endedAtMs }) => endedAtMs === undefined),

    /**
     * @param before as it was read; undefined to begin one
     * @returns false where another has begun it, or was faster
     */
    async write(next: Deletion, before: Deletion | undefined): Promise<boolean> {
      for (let conflicts = 0; conflicts < CONFLICTS_MAX; conflicts++) {
        const { deletions, version } = await read();
        const stored = deletions.find(({ identityId }) => identityId === next.identityId);
        // One that has ended is replaced where the identity was there again.
        const isExpected = before ? stored?.step === before.step : !stored || stored.endedAtMs !== undefined;
        if (!isExpected) return false;
        const others = deletions.filter((one) => one !== stored && isKept(one));
        const ended = others.filter(({ endedAtMs }) => endedAtMs !== undefined);
        const forgotten = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_MAX)));
        const all = [...others.filter((one) => !forgotten.has(one)), next];
        if (await notes.write(NOTE, all, version)) return true;
        await pause(Math.random() * PAUSE_MAX_MS);
      }
      throw new StageFailure("gallery_unavailable", "other replicas write deletions all the time");
    },
  };
}

function isKept({ endedAtMs }: Deletion): boolean {
  return endedAtMs === undefined || Date.now() - endedAtMs < KEPT_MS;
}
