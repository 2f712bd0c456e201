import { setTimeout as pause } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import { createBulk } from "./bulk.js";
import { checkProduct, connectElasticsearch } from "./connect.js";
import { createIdentities } from "./identities.js";
import { createListing } from "./listing.js";
import { searchNearest } from "./nearest.js";
import { createRecords } from "./records.js";
import { createRequests, isConflict } from "./request.js";
import { attachAlias, ensureIndex, indexBehind } from "./schema.js";
import type { ElasticsearchOptions } from "./settings.js";
import { createFreshness, type Store } from "./store.js";
import type { GalleryDriver } from "../../operations/gallery.js";

export { elasticsearchSettings, INDEX_KINDS } from "./settings.js";

const PATIENCE_MS = 5_000;
const START_PAUSE_MS = 1_000;
const PROBE_EVERY_MS = 1_000;

export interface ElasticsearchGalleryOptions extends ElasticsearchOptions {
  /** "<id>@<version>" of the embedder. */
  model: string;
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
  const { index, kind, model, log } = options;
  const client = connectElasticsearch(options);
  let available = true;
  let probing: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
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
    records: createRecords(client, index, request),
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
    ready: () => available,
    nearest: (probe, count) => searchNearest(store, { kind, model }, probe, count),
    ...createIdentities(store),
    ...createListing(store),
    async close() {
      clearTimeout(probing);
      probing = undefined;
      await client.close();
    },
  };
  const { version, behind } = await start();
  log.info({ version, ...behind }, "the gallery is in Elasticsearch");
  if (behind && behind.kind !== kind) {
    log.warn(
      { is: behind.kind, wanted: kind },
      "the index holds vectors otherwise than set: rebuild it (README)",
    );
  }
  return driver;

  /** A pod may be up before the Elasticsearch it needs. */
  async function start() {
    for (;;) {
      try {
        return {
          version: await request(() => checkProduct(client)),
          behind: await request(async () => {
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

  /** It is not made anew: whoever deleted it may be about to restore it from a snapshot. The next start does. */
  function indexMissing(): Promise<void> {
    return (looking ??= attachAlias(client, index)
      .then((there) => {
        if (!there)
          log.error({ index }, "the gallery's index is gone: restore it, or start again with an empty one");
      })
      .catch((err: unknown) => log.error({ index, err }, "the gallery's index is gone"))
      .finally(() => (looking = undefined)));
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
