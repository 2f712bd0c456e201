import { StageFailure } from "@similarfaces/contracts";
import type { EnrolledFace, GalleryDriver } from "../../operations/gallery.js";
import {
  faceDocument,
  faceEntry,
  identityOf,
  nameKey,
  newIdentityDocument,
  withFaces,
  withVector,
  type FaceDocument,
  type IdentityDocument,
} from "./documents.js";
import { createTurns, removeFace, removeIdentity, writeFace, writeIdentity, type Record } from "./records.js";
import { ofKind, type Store } from "./store.js";

const ORPHANS_PER_PAGE = 500;

type Identities = Pick<
  GalleryDriver,
  "add" | "get" | "rename" | "merge" | "hasFaces" | "facesOf" | "deleteFace" | "deleteIdentity"
>;

/**
 * What reads and changes one identity or two. Each change reads the record by id, writes it under the sequence number
 * that it had, and starts over where another replica was faster; every write may be sent twice.
 */
export function createIdentities({ client, index, request, records, fresh, write }: Store): Identities {
  const inTurn = createTurns();
  return {
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

    get: async (identityId) => identityOf((await identityRecord(identityId)).document),

    rename: (identityId, name) =>
      inTurn([identityId], async () => {
        const record = await identityRecord(identityId);
        const document = { ...record.document, name, name_key: nameKey(name) };
        const [conflict] = await write([writeIdentity({ ...record, document })]);
        return conflict ? undefined : identityOf(document);
      }),

    /** Listed by both for a moment, then moved, then listed by one: whatever ends it, it can be done again. */
    merge(fromIdentityId, intoIdentityId) {
      let moved = false;
      return inTurn([fromIdentityId, intoIdentityId], async () => {
        const from = await records.identity(fromIdentityId);
        const into = await identityRecord(intoIdentityId);
        // Ours was the write that removed it, and its answer was lost.
        if (!from && moved) return identityOf(into.document);
        if (!from) throw new StageFailure("identity_not_found");
        const both = withFaces(into.document, [...from.document.faces, ...into.document.faces]);
        const [taken] = await write([writeIdentity({ ...into, document: both })]);
        if (taken) return undefined;
        const faces = await records.faces(from.document.face_ids);
        await write(
          faces.flatMap((face) =>
            face ? [writeFace({ ...withVector(face), identity_id: intoIdentityId })] : [],
          ),
        );
        moved = true;
        const [conflict] = await write([removeIdentity(from)]);
        return conflict ? undefined : identityOf(both);
      });
    },

    async hasFaces(faceIds) {
      const said = await records.owners(faceIds);
      const owners = await records.names(said.filter((id) => id !== undefined));
      const listed = new Set([...owners.values()].flatMap(({ face_ids }) => face_ids));
      // A face lost halfway is looked for among the identities.
      const missing = faceIds.filter((id) => !listed.has(id));
      for (const id of await listedBySomebody(missing)) listed.add(id);
      return faceIds.map((id) => listed.has(id));
    },

    facesOf: async (identityId) => (await identityRecord(identityId)).document.face_ids,

    async deleteFace(faceId) {
      const owner = await recordOfFace(faceId);
      if (!owner) return [];
      let tried = false;
      return inTurn([owner.document.identity_id], async () => {
        const record = await recordOfFace(faceId);
        if (!record) return tried ? [faceId] : [];
        tried = true;
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
      let tried = false;
      await inTurn([identityId], async () => {
        const record = tried ? await records.identity(identityId) : await identityRecord(identityId);
        if (!record) return gone;
        tried = true;
        for (const id of record.document.face_ids) gone.add(id);
        const results = await write([...record.document.face_ids.map(removeFace), removeIdentity(record)]);
        return results.some((result) => result) ? undefined : gone;
      });
      await removeOrphans(identityId);
      return [...gone];
    },
  };

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

  /** Of these faces, and of others, those that an identity lists. */
  async function listedBySomebody(faceIds: readonly string[]): Promise<string[]> {
    if (faceIds.length === 0) return [];
    await fresh.wait();
    const { hits } = await request(() =>
      client.search<IdentityDocument>({
        index,
        size: faceIds.length,
        _source: ["face_ids"],
        query: { terms: { face_ids: [...faceIds] } },
      }),
    );
    return hits.hits.flatMap(({ _source }) => _source!.face_ids);
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
}

function enrolled(document: IdentityDocument, faceId: string, added: boolean): EnrolledFace {
  return { identityId: document.identity_id, faceId, name: document.name, added };
}
