import type { Client } from "@elastic/elasticsearch";
import type { BulkOperation } from "./bulk.js";
import type { Reads } from "./reads.js";
import type { Requests } from "./request.js";

/** What the driver's parts work with. */
export interface Store {
  readonly client: Client;
  /** The alias. */
  readonly index: string;
  readonly request: Requests;
  readonly reads: Reads;
  readonly fresh: Freshness;
  /** Whether each operation met a version conflict. @throws StageFailure where one failed otherwise */
  write(operations: readonly BulkOperation[]): Promise<boolean[]>;
}

export type Freshness = ReturnType<typeof createFreshness>;

/** Makes what was written before `wait` visible to the search after it, with one refresh for all that wait at the same time. */
export function createFreshness(refresh: () => Promise<unknown>) {
  let written = 0;
  let visible = 0;
  let running: { covers: number; done: Promise<void> } | undefined;
  const start = () => {
    const covers = written;
    const done = refresh()
      .then(() => {
        visible = Math.max(visible, covers);
      })
      .finally(() => (running = undefined));
    return (running = { covers, done }).done;
  };
  return {
    written: () => void written++,
    async wait(): Promise<void> {
      const wanted = written;
      while (visible < wanted) {
        if (!running) await start();
        else if (running.covers >= wanted) await running.done;
        else await running.done.catch(() => {});
      }
    },
  };
}
