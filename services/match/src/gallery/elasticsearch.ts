import { setTimeout as pause } from "node:timers/promises";
import { IdentityPageSchema, StageFailure, create } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import type { estypes } from "@elastic/elasticsearch";
import { badRequest } from "./check.js";
import { createBulk } from "./elasticsearch/bulk.js";
import { checkProduct, connectElasticsearch } from "./elasticsearch/connect.js";
import {
  exportedFaceOf,
  faceDocument,
  faceEntry,
  identityOf,
  nameKey,
  newIdentityDocument,
  withFaces,
  withVector,
  type FaceDocument,
  type IdentityDocument,
} from "./elasticsearch/documents.js";
import { searchNearest } from "./elasticsearch/nearest.js";
import {
  createRecords,
  createTurns,
  removeFace,
  removeIdentity,
  writeFace,
  writeIdentity,
  type Record,
} from "./elasticsearch/records.js";
import { createRequests, isConflict } from "./elasticsearch/request.js";
import { ensureIndex, indexBehind } from "./elasticsearch/schema.js";
import type { ElasticsearchOptions } from "./elasticsearch/settings.js";
import type { EnrolledFace, FaceRow, GalleryDriver } from "./gallery.js";

export { elasticsearchSettings, INDEX_KINDS } from "./elasticsearch/settings.js";

const PATIENCE_MS = 5_000;
const START_PAUSE_MS = 1_000;
const PROBE_EVERY_MS = 1_000;
const ORPHANS_PER_PAGE = 500;

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
  let healing: Promise<void> | undefined;
  const request = createRequests({
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    answered: (now) => (now ? recovered() : lost()),
    indexMissing: () =>
      (healing ??= ensureIndex(client, options)
        .then(
          () => log.error({ index }, "the gallery's index was gone, and is made anew: it is empty"),
          (err: unknown) =>
            log.error({ index, err }, "the gallery's index is gone, and could not be made anew"),
        )
        .finally(() => (healing = undefined))),
  });
  const bulk = createBulk(client, { index, requireAlias: true }, request);
  const records = createRecords(client, index, request);
  const inTurn = createTurns();
  const fresh = createFreshness(() => request(() => client.indices.refresh({ index })));

  const driver: GalleryDriver = {
    name: "elasticsearch",
    ready: () => available,

    async nearest(probe, count) {
      await fresh.wait();
      return searchNearest({ client, request, index, kind, model }, probe, count);
    },

    add: (face) =>
      inTurn([face.identity.id], async (): Promise<EnrolledFace | undefined> => {
        const entry = faceEntry(face);
        const [found, indexed] = await records.identityAndFace(face.identity.id, entry.id);
        const elsewhere = indexed && indexed.identity_id !== face.identity.id;
        const other = elsewhere ? await records.identity(indexed.identity_id) : undefined;
        if (other?.document.face_ids.includes(entry.id)) return enrolled(other.document, entry.id, false);

        const record = found ?? { document: newIdentityDocument(face), version: undefined };
        const same = record.document.faces.find(
          ({ id, digest }) => id === entry.id || digest === entry.digest,
        );
        if (same) {
          // The write that listed it may have ended halfway, or a faster one listed the same vector.
          if (same.id === entry.id && !indexed) await write([writeFace(faceDocument(face))]);
          if (same.id !== entry.id && indexed && !elsewhere) await write([removeFace(entry.id)]);
          return enrolled(record.document, same.id, false);
        }
        const changed = {
          ...record,
          document: withFaces(record.document, [...record.document.faces, entry]),
        };
        const [, conflict] = await write([writeFace(faceDocument(face)), writeIdentity(changed)]);
        return conflict ? undefined : enrolled(changed.document, entry.id, true);
      }),

    async list({ nameContains, pageSize, pageToken }) {
      const after = pageToken === "" ? undefined : positionOf(pageToken);
      await fresh.wait();
      const { hits } = await request(() =>
        client.search<IdentityDocument>({
          index,
          size: pageSize,
          track_total_hits: true,
          allow_partial_search_results: false,
          query: { bool: { filter: [ofKind("identity"), ...nameFilter(nameContains)] } },
          sort: [{ name_key: "asc" }, { identity_id: "asc" }],
          ...(after ? { search_after: after } : {}),
        }),
      );
      const last = hits.hits.at(-1);
      const more =
        hits.hits.length === pageSize && last?.sort && (await isMoreAfter(nameContains, last.sort));
      return create(IdentityPageSchema, {
        identities: hits.hits.map(({ _source }) => identityOf(_source!)),
        nextPageToken: more ? tokenOf(last.sort!) : "",
        total: (hits.total as estypes.SearchTotalHits).value,
      });
    },

    get: async (identityId) => identityOf((await identityRecord(identityId)).document),

    rename: (identityId, name) =>
      inTurn([identityId], async () => {
        const record = await identityRecord(identityId);
        const document = { ...record.document, name, name_key: nameKey(name) };
        const [conflict] = await write([writeIdentity({ ...record, document })]);
        return conflict ? undefined : identityOf(document);
      }),

    /** Listed by both for a moment, then moved, then listed by one: whatever ends it, it can be done again. */
    merge: (fromIdentityId, intoIdentityId) =>
      inTurn([fromIdentityId, intoIdentityId], async () => {
        const from = await identityRecord(fromIdentityId);
        const into = await identityRecord(intoIdentityId);
        const both = withFaces(into.document, [...from.document.faces, ...into.document.faces]);
        const [taken] = await write([writeIdentity({ ...into, document: both })]);
        if (taken) return undefined;
        const faces = await records.faces(from.document.face_ids);
        await write(
          faces.flatMap((face) =>
            face ? [writeFace({ ...withVector(face), identity_id: intoIdentityId })] : [],
          ),
        );
        const [conflict] = await write([removeIdentity(from)]);
        return conflict ? undefined : identityOf(both);
      }),

    hasFace: async (faceId) => (await recordOfFace(faceId)) !== undefined,

    facesOf: async (identityId) => (await identityRecord(identityId)).document.face_ids,

    async deleteFace(faceId) {
      const owner = await recordOfFace(faceId);
      if (!owner) return [];
      return inTurn([owner.document.identity_id], async () => {
        const record = await recordOfFace(faceId);
        if (!record) return [];
        const document = withFaces(
          record.document,
          record.document.faces.filter(({ id }) => id !== faceId),
        );
        const [, conflict] = await write([removeFace(faceId), writeIdentity({ ...record, document })]);
        return conflict ? undefined : [faceId];
      });
    },

    async deleteIdentity(identityId) {
      const gone = new Set<string>();
      await inTurn([identityId], async () => {
        const record =
          gone.size === 0 ? await identityRecord(identityId) : await records.identity(identityId);
        if (!record) return gone;
        for (const id of record.document.face_ids) gone.add(id);
        const results = await write([...record.document.face_ids.map(removeFace), removeIdentity(record)]);
        return results.some((result) => result) ? undefined : gone;
      });
      await removeOrphans(identityId);
      return [...gone];
    },

    async statistics() {
      await fresh.wait();
      const [identities, faces] = await Promise.all(
        (["identity", "face"] as const).map(async (of) => {
          const { count } = await request(() => client.count({ index, query: ofKind(of) }));
          return count;
        }),
      );
      return { identities: identities!, faces: faces! };
    },

    async faces(count, cursor) {
      await fresh.wait();
      const rows: FaceRow[] = [];
      let after = cursor;
      while (rows.length < count) {
        const wanted = count - rows.length;
        const page = await facesAfter(after, wanted);
        const identities = await records.identities(page.map(({ identity_id }) => identity_id));
        for (const face of page) {
          const identity = identities.get(face.identity_id);
          const entry = identity?.faces.find(({ id }) => id === face.face_id);
          after = face.face_id;
          if (identity && entry) rows.push({ face: exportedFaceOf(face, identity, entry), cursor: after });
        }
        if (page.length < wanted) break;
      }
      return rows;
    },

    async close() {
      clearInterval(probing);
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

  /** @throws StageFailure identity_not_found */
  async function identityRecord(identityId: string): Promise<Record> {
    const record = await records.identity(identityId);
    if (!record) throw new StageFailure("identity_not_found");
    return record;
  }

  /** The identity that lists a face. The face says which; a face lost halfway is looked for among the identities. */
  async function recordOfFace(faceId: string): Promise<Record | undefined> {
    const [face] = await records.faces([faceId]);
    const said = face && (await records.identity(face.identity_id));
    if (said?.document.face_ids.includes(faceId)) return said;
    await request(() => client.indices.refresh({ index }));
    const { hits } = await request(() =>
      client.search<IdentityDocument>({ index, size: 1, query: { term: { face_ids: faceId } } }),
    );
    const [hit] = hits.hits;
    const record = hit && (await records.identity(hit._source!.identity_id));
    return record?.document.face_ids.includes(faceId) ? record : undefined;
  }

  /** Faces that name the identity and that it does not list: what writes that ended halfway left behind. */
  async function removeOrphans(identityId: string): Promise<void> {
    await request(() => client.indices.refresh({ index }));
    for (;;) {
      const { hits } = await request(() =>
        client.search<FaceDocument>({
          index,
          size: ORPHANS_PER_PAGE,
          _source: ["face_id"],
          query: { bool: { filter: [ofKind("face"), { term: { identity_id: identityId } }] } },
        }),
      );
      const listed = (await records.identity(identityId))?.document.face_ids ?? [];
      const orphans = hits.hits.map(({ _source }) => _source!.face_id).filter((id) => !listed.includes(id));
      if (orphans.length === 0) return;
      await write(orphans.map(removeFace));
      await request(() => client.indices.refresh({ index }));
    }
  }

  async function facesAfter(cursor: string, size: number): Promise<FaceDocument[]> {
    const { hits } = await request(() =>
      client.search<FaceDocument>({
        index,
        size,
        track_total_hits: false,
        allow_partial_search_results: false,
        query: ofKind("face"),
        sort: [{ face_id: "asc" }],
        ...(cursor === "" ? {} : { search_after: [cursor] }),
      }),
    );
    return hits.hits.map(({ _source }) => _source!);
  }

  async function isMoreAfter(nameContains: string, after: estypes.SortResults): Promise<boolean> {
    const { hits } = await request(() =>
      client.search({
        index,
        size: 1,
        _source: false,
        track_total_hits: false,
        query: { bool: { filter: [ofKind("identity"), ...nameFilter(nameContains)] } },
        sort: [{ name_key: "asc" }, { identity_id: "asc" }],
        search_after: after,
      }),
    );
    return hits.hits.length > 0;
  }

  /** One result per operation: undefined, or a conflict. */
  async function write(operations: Parameters<typeof bulk>[0]) {
    if (operations.length === 0) return [];
    try {
      return (await bulk(operations)).map((result) => isConflict(result));
    } finally {
      fresh.written();
    }
  }

  function recovered(): void {
    if (!available) log.info("Elasticsearch answers again");
    available = true;
    clearInterval(probing);
    probing = undefined;
  }

  function lost(): void {
    if (available) log.warn("Elasticsearch does not answer");
    available = false;
    probing ??= setInterval(() => {
      client.indices.existsAlias({ name: index }).then(
        (there) => there && recovered(),
        () => {},
      );
    }, PROBE_EVERY_MS).unref();
  }
}

/** Makes what was written before `wait` visible to the search after it, with one refresh for all that wait together. */
function createFreshness(refresh: () => Promise<unknown>) {
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

function ofKind(kind: "identity" | "face") {
  return { term: { kind } };
}

function nameFilter(nameContains: string) {
  if (nameContains === "") return [];
  const literal = nameKey(nameContains).replaceAll(/[*?\\]/g, String.raw`\$&`);
  return [{ wildcard: { name_key: { value: `*${literal}*` } } }];
}

function tokenOf(sort: estypes.SortResults): string {
  return Buffer.from(JSON.stringify(sort)).toString("base64url");
}

/** @throws StageFailure bad_request */
function positionOf(token: string): estypes.SortResults {
  try {
    const position: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (
      Array.isArray(position) &&
      position.length === 2 &&
      position.every((part) => typeof part === "string")
    ) {
      return position as estypes.SortResults;
    }
  } catch {
    // Not one of ours.
  }
  throw badRequest("page_token is none that was given out");
}

function enrolled(document: IdentityDocument, faceId: string, added: boolean): EnrolledFace {
  return { identityId: document.identity_id, faceId, name: document.name, added };
}
