import type { estypes } from "@elastic/elasticsearch";
import type { Change, ComparedModels, GalleryRecords } from "../driver.js";
import type { IdentityRecord } from "../identityRecord.js";
import {
  ofKind,
  recordOf,
  removeFace,
  removeIdentity,
  writeFace,
  writeIdentity,
  type FaceDocument,
  type IdentityDocument,
} from "./documents.js";
import type { Store } from "./store.js";

/** Models whose faces are counted one by one. */
const MODELS_MAX = 100;
/** People of one name that are looked at: whether there is one is what is asked. */
const NAMESAKES_MAX = 10;

interface NotSearched {
  buckets: { key: string; doc_count: number }[];
}

/**
 * One _bulk for a change: vectors are written in any case, the identity under the sequence number that it had.
 * @returns undefined where that had changed
 */
export async function commit({ write }: Store, change: Change): Promise<IdentityRecord | undefined> {
  const { record, removed = false, put = [], remove = [] } = change;
  const conflicts = await write([
    ...put.map(writeFace),
    ...remove.map(removeFace),
    removed ? removeIdentity(record) : writeIdentity(record),
  ]);
  return conflicts.includes(true) ? undefined : record;
}

/** An identity is one document, which holds all about its faces but their vectors. */
export function createRecords(store: Store, models: ComparedModels): GalleryRecords {
  const { client, index, request, reads, fresh } = store;
  return {
    read: (identityIds) => reads.identities(identityIds),

    write: (record) => commit(store, { record }),

    remove: async (record) => (await commit(store, { record, removed: true })) !== undefined,

    async named(key) {
      // Other replicas' writes too.
      await request(() => client.indices.refresh({ index }));
      const { hits } = await request(() =>
        client.search<IdentityDocument>({
          index,
          size: NAMESAKES_MAX,
          allow_partial_search_results: false,
          _source: ["identity_id", "name"],
          query: { bool: { filter: [ofKind("identity"), { term: { name_key: key } }] } },
        }),
      );
      return hits.hits.map(({ _source }) => ({ id: _source!.identity_id, name: _source!.name }));
    },

    async owners(faceIds, { thorough }) {
      const faces = await reads.faces(faceIds, ["identity_id"]);
      const named = faces.map((face) => face?.identity_id);
      const identities = await reads.names(named.filter((id) => id !== undefined));
      const owners = faceIds.map((faceId, i) => {
        const identity = identities.get(named[i] ?? "");
        return identity?.face_ids.includes(faceId) ? named[i] : undefined;
      });
      if (!thorough) return owners;
      const listed = await listedBy(faceIds.filter((_, i) => owners[i] === undefined));
      return owners.map((owner, i) => owner ?? listed.get(faceIds[i]!));
    },

    async namesOf(hits) {
      const identities = await reads.names(hits.map(({ identityId }) => identityId));
      return hits.map(({ faceId, identityId }) => {
        const identity = identities.get(identityId);
        return identity?.face_ids.includes(faceId) ? identity.name : undefined;
      });
    },

    async list({ keyPart, count, after }) {
      await fresh.wait();
      const { hits } = await request(() =>
        client.search<IdentityDocument>({
          index,
          size: count,
          track_total_hits: true,
          allow_partial_search_results: false,
          query: { bool: { filter: [ofKind("identity"), ...nameFilter(keyPart)] } },
          sort: [{ name_key: "asc" }, { identity_id: "asc" }],
          ...(after ? { search_after: [after.key, after.id] } : {}),
        }),
      );
      return {
        records: hits.hits.map(({ _source }) => recordOf(_source!)),
        total: (hits.total as estypes.SearchTotalHits).value,
      };
    },

    async faces(count, after) {
      await fresh.wait();
      const { hits } = await request(() =>
        client.search<FaceDocument>({
          index,
          size: count,
          track_total_hits: false,
          allow_partial_search_results: false,
          _source: ["face_id", "identity_id"],
          query: ofKind("face"),
          sort: [{ face_id: "asc" }],
          ...(after === "" ? {} : { search_after: [after] }),
        }),
      );
      const page = hits.hits.map(({ _source }) => _source!);
      const ids = [...new Set(page.map(({ identity_id }) => identity_id))];
      const identities = await reads.identities(ids);
      const byId = new Map(ids.map((id, i) => [id, identities[i]]));
      return {
        faces: page.flatMap(({ face_id, identity_id }) => {
          const identity = byId.get(identity_id);
          const listed = identity?.faces.find(({ face }) => face.id === face_id);
          return identity && listed ? [{ identity, face: listed.face }] : [];
        }),
        next: page.length < count ? undefined : page.at(-1)!.face_id,
      };
    },

    async count() {
      await fresh.wait();
      const [identities, faces] = await Promise.all([
        request(() => client.count({ index, query: ofKind("identity") })),
        request(() =>
          client.search<unknown, { notSearched: NotSearched }>({
            index,
            size: 0,
            track_total_hits: true,
            allow_partial_search_results: false,
            query: ofKind("face"),
            aggregations: {
              notSearched: { terms: { field: "model", size: MODELS_MAX, exclude: [...models] } },
            },
          }),
        ),
      ]);
      const { buckets } = faces.aggregations!.notSearched;
      return {
        identities: identities.count,
        faces: (faces.hits.total as estypes.SearchTotalHits).value,
        // Ordered by the server: most first, then by the model's name.
        notSearched: buckets.map(({ key, doc_count }) => ({ model: key, faces: doc_count })),
      };
    },
  };

  /** By face, the identity that lists it, found without the face's own document. */
  async function listedBy(faceIds: readonly string[]): Promise<Map<string, string>> {
    if (faceIds.length === 0) return new Map();
    await fresh.wait();
    const { hits } = await request(() =>
      client.search<IdentityDocument>({
        index,
        size: faceIds.length,
        _source: ["identity_id", "face_ids"],
        query: { terms: { face_ids: [...faceIds] } },
      }),
    );
    return new Map(
      hits.hits.flatMap(({ _source }) =>
        _source!.face_ids.map((faceId) => [faceId, _source!.identity_id] as const),
      ),
    );
  }
}

function nameFilter(keyPart: string) {
  if (keyPart === "") return [];
  const literal = keyPart.replaceAll(/[*?\\]/g, String.raw`\$&`);
  return [{ wildcard: { name_key: { value: `*${literal}*` } } }];
}
