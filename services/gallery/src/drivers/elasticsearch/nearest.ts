import type { estypes } from "@elastic/elasticsearch";
import type { Candidate, Nearest } from "../../operations/gallery.js";
import { vectorOf } from "./documents.js";
import { ItemError } from "./request.js";
import type { IndexKind } from "./settings.js";
import type { Store } from "./store.js";

/** Of the index, and of the embedder whose vectors are compared. */
export interface SearchOptions {
  kind: IndexKind;
  model: string;
}

/**
 * Faces fetched for one wanted identity: an identity has some, and the nearest of each counts. Where this many do not
 * hold enough identities, the rest is asked for without those found.
 */
const FACES_PER_IDENTITY = 10;
const FACES_MIN = 50;
/**
 * By kind of index, as measured (README): nodes of the graph looked at in each segment, and how many times as many faces
 * as are fetched are compared exactly, once the quantised vectors have said which.
 */
const EFFORT: Record<IndexKind, { candidates: number; oversample?: number }> = {
  int8_hnsw: { candidates: 600, oversample: 2 },
  bbq_hnsw: { candidates: 1_000, oversample: 10 },
  flat: { candidates: 100 },
};
const CANDIDATES_PER_FACE = 4;
const CANDIDATES_MAX = 10_000;

/** The identities nearest to the probe, by exact cosine. */
export async function searchNearest(
  store: Store,
  options: SearchOptions,
  probe: Float32Array,
  count: number,
): Promise<Nearest> {
  await store.fresh.wait();
  const vector = vectorOf(probe);
  const best = new Map<string, Candidate>();
  const stale: string[] = [];
  let galleryFaces = 0;
  for (;;) {
    const wanted = count - best.size;
    const size = Math.max(FACES_MIN, wanted * FACES_PER_IDENTITY);
    const [hits, total] = await ask(store, options, vector, size, [...best.keys()], stale);
    galleryFaces = total;
    const listed = await store.records.names(hits.map(({ identity_id }) => identity_id));
    for (const { identity_id, face_id, score } of hits) {
      const identity = listed.get(identity_id);
      // Deleted or moved a moment ago, and not yet out of the index.
      if (!identity?.face_ids.includes(face_id)) stale.push(face_id);
      else if (!best.has(identity_id)) {
        // The server's score is (1 + cosine) / 2, in float32.
        const similarity = Math.min(1, Math.max(-1, 2 * score - 1));
        best.set(identity_id, { identityId: identity_id, name: identity.name, faceId: face_id, similarity });
      }
    }
    if (best.size >= count || hits.length < size) break;
  }
  const candidates = [...best.values()]
    .sort((a, b) => b.similarity - a.similarity || (a.identityId < b.identityId ? -1 : 1))
    .slice(0, count);
  return { candidates, galleryFaces };
}

interface Hit {
  identity_id: string;
  face_id: string;
  score: number;
}

async function ask(
  { client, request, index }: Store,
  { kind, model }: SearchOptions,
  vector: number[],
  size: number,
  identitiesKnown: readonly string[],
  facesStale: readonly string[],
): Promise<[hits: Hit[], galleryFaces: number]> {
  const ofModel: estypes.QueryDslQueryContainer = { term: { model } };
  const without: estypes.QueryDslQueryContainer[] = [];
  if (identitiesKnown.length > 0) without.push({ terms: { identity_id: [...identitiesKnown] } });
  if (facesStale.length > 0) without.push({ terms: { face_id: [...facesStale] } });
  const { candidates, oversample } = EFFORT[kind];
  const { responses } = await request(async () => {
    const answer = await client.msearch({
      index,
      searches: [
        // A shard that is down would otherwise be left out in silence.
        { allow_partial_search_results: false },
        {
          size,
          _source: false,
          docvalue_fields: ["identity_id", "face_id"],
          track_total_hits: false,
          knn: {
            field: "vector",
            query_vector: vector,
            k: size,
            num_candidates: Math.min(CANDIDATES_MAX, Math.max(candidates, size * CANDIDATES_PER_FACE)),
            filter: { bool: { filter: [ofModel], must_not: without } },
            ...(oversample ? { rescore_vector: { oversample } } : {}),
          },
        },
        { allow_partial_search_results: false },
        { size: 0, track_total_hits: true, query: ofModel },
      ],
    });
    for (const response of answer.responses) {
      if ("error" in response) throw new ItemError(response.status, response.error);
    }
    return answer as {
      responses: estypes.MsearchMultiSearchItem[];
    };
  });
  const [nearest, all] = responses;
  const hits = nearest!.hits.hits.map(({ fields, _score }) => {
    const { identity_id, face_id } = fields as { identity_id: [string]; face_id: [string] };
    return { identity_id: identity_id[0], face_id: face_id[0], score: _score! };
  });
  return [hits, (all!.hits.total as estypes.SearchTotalHits).value];
}
