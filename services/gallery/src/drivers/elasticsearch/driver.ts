import { setTimeout as pause } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import type { ComparedModels, GalleryDriver } from "../driver.js";
import { createBulk } from "./bulk.js";
import { checkProduct, connectElasticsearch } from "./connect.js";
import { createNotes } from "./notes.js";
import { createReads } from "./reads.js";
import { commit, createRecords } from "./records.js";
import { createRequests, isConflict } from "./request.js";
import { attachAlias, ensureIndex, indexBehind } from "./schema.js";
import type { ElasticsearchOptions } from "./settings.js";
import { createFreshness, type Store } from "./store.js";
import { createVectors } from "./vectors.js";

const PATIENCE_MS = 5_000;
const START_PAUSE_MS = 1_000;
const PROBE_EVERY_MS = 1_000;

export interface ElasticsearchGalleryOptions extends ElasticsearchOptions {
  /** Whose vectors are compared. */
  models: ComparedModels;
  log: Log;
  /** Ends the wait for a server that is not up yet; without one, there is none beyond a request's. */
  signal?: AbortSignal;
  /** How long one request is tried for. */
  patienceMs?: number;
}

/**
 * Records and vectors in Elasticsearch 9. Identities are read and written by id, which is exact at any moment; what is
 * searched, listed or counted is as new as the index's last refresh, which this driver asks for after writes of its own.
 * @throws StageFailure wrong_product, gallery_unavailable
 */
export async function openElasticsearchGallery(options: ElasticsearchGalleryOptions): Promise<GalleryDriver> {
  const { index, kind, models, log } = options;
  const client = connectElasticsearch(options);
  let available = true;
  let probing: NodeJS.Timeout | undefined;
  let reattaching: Promise<void> | undefined;
  const request = createRequests({
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    answered: (now) => (now ? recovered() : lost()),
    indexMissing,
  });
  const bulk = createBulk(client, { index, requireAlias: true }, request);
  const fresh = createFreshness(() => request(() => client.indices.refresh({ index })));
  const store: Store = {
    client,
    index,
    request,
    reads: createReads(client, index, request),
    fresh,
    async write(operations) {
      if (operations.length === 0) return [];
      try {
        return (await bulk(operations)).map(isConflict);
      } finally {
        fresh.written();
      }
    },
  };

  const driver: GalleryDriver = {
    name: "elasticsearch",
    records: createRecords(store, models),
    vectors: createVectors(store, { kind, models }),
    notes: createNotes(store),
    commit: (change) => commit(store, change),
    ready: () => available,
    async close() {
      clearTimeout(probing);
      probing = undefined;
      await client.close();
    },
  };
  const { version, indexed } = await start();
  log.info({ version, ...indexed }, "the gallery is in Elasticsearch");
  if (indexed && indexed.kind !== kind) {
    log.warn(
      { is: indexed.kind, configured: kind },
      "the index is not of the configured kind: rebuild it (README)",
    );
  }
  return driver;

  /** A pod may be up before the Elasticsearch it needs. */
  async function start() {
    for (;;) {
      try {
        return {
          version: await request(() => checkProduct(client)),
          indexed: await request(async () => {
            await ensureIndex(client, options);
            return indexBehind(client, index);
          }),
        };
      } catch (error) {
        const down = error instanceof StageFailure && error.code === "gallery_unavailable";
        if (!down || !options.signal || options.signal.aborted) {
          await driver.close();
          throw error;
        }
        log.warn({ err: error }, "waiting for the gallery's Elasticsearch");
        await pause(START_PAUSE_MS);
      }
    }
  }

  /** Only a start makes a new index: the operator who deleted this one may be about to restore it from a snapshot. */
  function indexMissing(): Promise<void> {
    return (reattaching ??= attachAlias(client, index)
      .then((there) => {
        if (!there)
          log.error({ index }, "the gallery's index is gone: restore it, or start again with an empty one");
      })
      .catch((err: unknown) => log.error({ index, err }, "the gallery's index is gone"))
      .finally(() => (reattaching = undefined)));
  }

  function recovered(): void {
    if (!available) log.info("Elasticsearch answers again");
    available = true;
    clearTimeout(probing);
    probing = undefined;
  }

  function lost(): void {
    if (available) log.warn("Elasticsearch does not answer");
    available = false;
    probing ??= setTimeout(() => {
      attachAlias(client, index)
        .catch(() => false)
        .then((there) => {
          if (probing === undefined) return;
          probing = undefined;
          if (there) recovered();
          else lost();
        });
    }, PROBE_EVERY_MS).unref();
  }
}
