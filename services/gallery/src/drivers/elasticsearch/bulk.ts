import type { Client, estypes } from "@elastic/elasticsearch";
import { ItemError, isConflict, isPassing, type Requests } from "./request.js";

/** About 4 MB of faces. */
const OPERATIONS_MAX = 500;

export interface BulkOperation {
  action: estypes.BulkOperationContainer;
  document?: object;
}

export type BulkResult = Error | undefined;
/** @throws StageFailure where one of the operations failed otherwise */
export type Bulk = (operations: readonly BulkOperation[]) => Promise<BulkResult[]>;

/**
 * Sends operations of concurrent callers together: those that come while one _bulk is on its way go with the next.
 * Items that the server was too busy for are sent again alone. Callers get one result per operation: undefined where
 * it was done or there was nothing to delete, the error of a version conflict where another was faster.
 */
export function createBulk(
  client: Client,
  /** Under an alias nothing is written while it is missing, and no index of dynamic fields comes into being in its name. */
  { index, requireAlias }: { index: string; requireAlias: boolean },
  request: Requests,
): Bulk {
  interface Waiting {
    operations: readonly BulkOperation[];
    resolve(results: BulkResult[]): void;
    reject(error: unknown): void;
  }
  const waiting: Waiting[] = [];
  let sending = false;

  return (operations) =>
    new Promise((resolve, reject) => {
      waiting.push({ operations, resolve, reject });
      if (!sending) void sendAll();
    });

  async function sendAll(): Promise<void> {
    sending = true;
    try {
      while (waiting.length > 0) {
        const batch = takeBatch();
        try {
          const results = await send(batch.flatMap(({ operations }) => operations));
          let at = 0;
          for (const { operations, resolve, reject } of batch) {
            const own = results.slice(at, (at += operations.length));
            const failed = own.find((result) => result instanceof Error && !isConflict(result));
            if (failed) reject(failed);
            else resolve(own as BulkResult[]);
          }
        } catch (error) {
          for (const { reject } of batch) reject(error);
        }
      }
    } finally {
      sending = false;
    }
  }

  function takeBatch(): Waiting[] {
    let count = 0;
    let operations = 0;
    do operations += waiting[count++]!.operations.length;
    while (count < waiting.length && operations < OPERATIONS_MAX);
    return waiting.splice(0, count);
  }

  /** Every operation's end: done, a conflict, or the failure that it came to. */
  async function send(operations: readonly BulkOperation[]): Promise<(unknown | undefined)[]> {
    const results: unknown[] = operations.map(() => undefined);
    let left = operations.map((_, i) => i);
    await request(async () => {
      const answer = await client.bulk({
        index,
        require_alias: requireAlias,
        operations: left.flatMap((i) => {
          const { action, document } = operations[i]!;
          return document ? [action, document] : [action];
        }),
      });
      const busy: number[] = [];
      let rejection: ItemError | undefined;
      for (const [n, item] of answer.items.entries()) {
        const i = left[n]!;
        const { status, error } = Object.values(item)[0]!;
        const failed = error ? new ItemError(status, error) : undefined;
        if (failed && isPassing(failed)) {
          busy.push(i);
          rejection = failed;
        } else results[i] = failed;
      }
      left = busy;
      if (rejection) throw rejection;
    }).catch((failure: unknown) => {
      for (const i of left) results[i] = failure;
    });
    // What was refused for good, a full disk or a missing index, is what `request` makes of it.
    for (const [i, result] of results.entries()) {
      if (!(result instanceof ItemError) || isConflict(result)) continue;
      results[i] = await request(() => Promise.reject(result)).catch((failure: unknown) => failure);
    }
    return results;
  }
}
