import type { estypes } from "@elastic/elasticsearch";
import type { ComparedModels, GalleryVectors, NearestQuestion, VectorHit } from "../driver.js";
import { embeddingOf, numbersOf, ofKind, removeFace, writeFace, type FaceDocument } from "./documents.js";
import { ItemError } from "./request.js";
import type { IndexKind } from "./settings.js";
import type { Store } from "./store.js";

/** Of the index, and whose vectors are compared. */
export interface SearchOptions {
  kind: IndexKind;
  models: ComparedModels;
}

/**
 * By kind of index, as measured (README): nodes of the graph that are visited in each segment, and of the faces that the
 * quantised vectors choose, how many times as many as are fetched are compared exactly.
 */
const EFFORT: Record<IndexKind, { candidates: number; oversample?: number }> = {
  int8_hnsw: { candidates: 600, oversample: 2 },
  bbq_hnsw: { candidates: 1_000, oversample: 10 },
  flat: { candidates: 100 },
};
/**
 * Faces fetched for each identity: one has several, and only its nearest counts. Where this many do not hold enough
 * identities, the search goes on without those that were found.
 */
const FACES_PER_IDENTITY = 10;
const FACES_MIN = 50;
const CANDIDATES_PER_FACE = 4;
const CANDIDATES_MAX = 10_000;
const STORED_FOR_MAX = 500;

/** A face is one document: the vector, its exact bytes, its model and its identity. */
export function createVectors(
  { client, index, request, reads, fresh, write }: Store,
  { kind, models }: SearchOptions,
): GalleryVectors {
  return {
    async put(vectors) {
      await write(vectors.map(writeFace));
      return true;
    },

    async remove(faceIds) {
      await write(faceIds.map(removeFace));
    },

    async get(faceIds) {
      const faces = await reads.faces(faceIds, ["embedding"]);
      return faces.map((face) => face && embeddingOf(face));
    },

    async storedFor(identityId) {
      // Other replicas' writes too.
      await request(() => client.indices.refresh({ index }));
      const { hits } = await request(() =>
        client.search<FaceDocument>({
          index,
          size: STORED_FOR_MAX,
          _source: ["face_id"],
          query: { bool: { filter: [ofKind("face"), { term: { identity_id: identityId } }] } },
        }),
      );
      return hits.hits.map(({ _source }) => _source!.face_id);
    },

    async countFor(identityIds) {
      if (identityIds.length === 0) return 0;
      await fresh.wait();
      const filter = [ofKind("face"), { terms: { identity_id: [...identityIds] } }];
      return (await request(() => client.count({ index, query: { bool: { filter } } }))).count;
    },

    async nearest(question) {
      await fresh.wait();
      const size = Math.max(FACES_MIN, question.count * FACES_PER_IDENTITY);
      const [nearest, all] = await request(async () => {
        const { responses } = await client.msearch({ index, searches: searchesOf(question, size) });
        for (const response of responses) {
          if ("error" in response) throw new ItemError(response.status, response.error);
        }
        return responses as estypes.MsearchMultiSearchItem[];
      });
      const hits = nearest!.hits.hits.map(hitOf);
      return {
        hits,
        more: hits.length === size,
        searched: (all!.hits.total as estypes.SearchTotalHits).value,
      };
    },
  };

  /** The nearest faces of the models, and how many there are of them. */
  function searchesOf({ probe, withoutIdentities, withoutFaces }: NearestQuestion, size: number) {
    const ofModels: estypes.QueryDslQueryContainer = { terms: { model: [...models] } };
    const without: estypes.QueryDslQueryContainer[] = [];
    if (withoutIdentities.length > 0) without.push({ terms: { identity_id: [...withoutIdentities] } });
    if (withoutFaces.length > 0) without.push({ terms: { face_id: [...withoutFaces] } });
    const { candidates, oversample } = EFFORT[kind];
    // Otherwise a shard that is down would be left out without an error.
    const header = { allow_partial_search_results: false };
    return [
      header,
      {
        size,
        _source: false,
        docvalue_fields: ["identity_id", "face_id"],
        track_total_hits: false,
        knn: {
          field: "vector",
          query_vector: numbersOf(probe),
          k: size,
          num_candidates: Math.min(CANDIDATES_MAX, Math.max(candidates, size * CANDIDATES_PER_FACE)),
          filter: { bool: { filter: [ofModels], must_not: without } },
          ...(oversample ? { rescore_vector: { oversample } } : {}),
        },
      },
      header,
      { size: 0, track_total_hits: true, query: ofModels },
    ];
  }
}

function hitOf({ fields, _score }: estypes.SearchHit): VectorHit {
  const { identity_id, face_id } = fields as { identity_id: [string]; face_id: [string] };
  // The server's score is (1 + cosine) / 2, in float32.
  const similarity = Math.min(1, Math.max(-1, 2 * _score! - 1));
  return { faceId: face_id[0], identityId: identity_id[0], similarity };
}
