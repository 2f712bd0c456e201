import { StageFailure } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import type { Client, estypes } from "@elastic/elasticsearch";
import { createBulk } from "./bulk.js";
import { checkProduct, connectElasticsearch } from "./connect.js";
import { writeAgain, type FaceDocument, type IdentityDocument, type NoteDocument } from "./documents.js";
import { createRequests, type Requests } from "./request.js";
import { ensureIndex, indexBehind, indicesOf, numbered } from "./schema.js";
import type { ElasticsearchOptions } from "./settings.js";

const PATIENCE_MS = 30_000;
const PAGE = 250;
const KEEP_ALIVE = "2m";

/**
 * Copies the gallery into a new index made from today's template (another kind of vectors, a newer schema), and lets
 * the alias point to it in the step that deletes the old one. Searches go on meanwhile; writes fail with
 * gallery_unavailable and are retried by their senders, so that none is lost between the two. If anything ends it before
 * that step, the old index stays in use, and the next run starts anew.
 * @returns the new index, and the documents in it
 */
export async function rebuildIndex(
  options: ElasticsearchOptions,
  { log, onProgress }: { log: Log; onProgress?: (done: number, of: number) => void },
): Promise<{ index: string; documents: number }> {
  const { index: alias } = options;
  const client = connectElasticsearch(options);
  const request = createRequests({
    patienceMs: PATIENCE_MS,
    answered: () => {},
    indexMissing: async () => {},
  });
  try {
    await request(() => checkProduct(client));
    await request(() => ensureIndex(client, options));
    const old = (await request(() => indexBehind(client, alias)))!.index;
    for (const unused of await request(() => indicesOf(client, alias))) {
      if (unused === old) continue;
      log.warn({ index: unused }, "left by a rebuild that did not end; deleted");
      await request(() => client.indices.delete({ index: unused }));
    }
    const next = numbered(alias, Number(old.slice(-6)) + 1);
    await request(() => client.indices.create({ index: next }));
    await request(() => client.indices.addBlock({ index: old, block: "write" }));
    try {
      const documents = await copy(client, request, old, next, onProgress);
      await request(() =>
        client.indices.updateAliases({
          actions: [{ add: { index: next, alias, is_write_index: true } }, { remove_index: { index: old } }],
        }),
      );
      return { index: next, documents };
    } catch (error) {
      await request(() =>
        client.indices.putSettings({ index: old, settings: { "index.blocks.write": false } }),
      ).catch((err: unknown) =>
        log.error({ index: old, err }, "takes no writes: set index.blocks.write to false"),
      );
      throw error;
    }
  } finally {
    await client.close();
  }
}

/** @throws StageFailure gallery_unavailable where the copy is not whole */
async function copy(
  client: Client,
  request: Requests,
  from: string,
  to: string,
  onProgress: ((done: number, of: number) => void) | undefined,
): Promise<number> {
  const bulk = createBulk(client, { index: to, requireAlias: false }, request);
  await request(() => client.indices.refresh({ index: from }));
  const { count: of } = await request(() => client.count({ index: from }));
  let { id } = await request(() => client.openPointInTime({ index: from, keep_alive: KEEP_ALIVE }));
  let after: estypes.SortResults | undefined;
  let done = 0;
  try {
    for (;;) {
      const page = await request(() =>
        client.search<IdentityDocument | FaceDocument | NoteDocument>({
          size: PAGE,
          track_total_hits: false,
          pit: { id, keep_alive: KEEP_ALIVE },
          sort: [{ _shard_doc: "asc" }],
          ...(after ? { search_after: after } : {}),
        }),
      );
      id = page.pit_id ?? id;
      const { hits } = page.hits;
      if (hits.length === 0) break;
      await bulk(hits.map(({ _id, _source }) => writeAgain(_id!, _source!)));
      after = hits.at(-1)!.sort;
      onProgress?.((done += hits.length), of);
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => {});
  }
  await request(() => client.indices.refresh({ index: to }));
  const { count } = await request(() => client.count({ index: to }));
  if (count !== of) throw new StageFailure("gallery_unavailable", `${count} of ${of} documents were copied`);
  return count;
}
