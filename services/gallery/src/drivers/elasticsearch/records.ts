import { setTimeout as pause } from "node:timers/promises";
import type { Client, estypes } from "@elastic/elasticsearch";
import { StageFailure } from "@similarfaces/contracts";
import type { BulkOperation } from "./bulk.js";
import { faceKey, identityKey, type FaceDocument, type IdentityDocument } from "./documents.js";
import { ItemError, type Requests } from "./request.js";

/** An identity as it was read; what was there before, or that nothing was, guards the write that follows. */
export interface Record {
  document: IdentityDocument;
  /** Undefined where there was none. */
  version: { if_seq_no: number; if_primary_term: number } | undefined;
}

export type Records = ReturnType<typeof createRecords>;

/** Reads by id, which see every write that was answered, refreshed or not. */
export function createRecords(client: Client, index: string, request: Requests) {
  async function mget<T>(
    ids: readonly string[],
    fields?: (keyof T & string)[],
  ): Promise<(estypes.GetGetResult<T> | undefined)[]> {
    if (ids.length === 0) return [];
    return request(async () => {
      const { docs } = await client.mget<T>({
        index,
        ids: [...ids],
        ...(fields ? { _source_includes: fields } : {}),
      });
      return docs.map((document) => {
        if ("error" in document) throw new ItemError(404, document.error);
        return document.found ? document : undefined;
      });
    });
  }

  async function identitiesOf(identityIds: readonly string[], fields?: (keyof IdentityDocument & string)[]) {
    const unique = [...new Set(identityIds)];
    const found = await mget<IdentityDocument>(unique.map(identityKey), fields);
    return new Map(found.flatMap((one, i) => (one ? [[unique[i]!, one._source!] as const] : [])));
  }

  return {
    async identity(identityId: string): Promise<Record | undefined> {
      const [found] = await mget<IdentityDocument>([identityKey(identityId)]);
      return found && recordOf(found);
    },

    identities: (identityIds: readonly string[]) => identitiesOf(identityIds),

    /** What a search needs of them, and what says whose a face is. */
    names: (
      identityIds: readonly string[],
    ): Promise<Map<string, Pick<IdentityDocument, "name" | "face_ids">>> =>
      identitiesOf(identityIds, ["name", "face_ids"]),

    /** Of each face, whose it says that it is. */
    async owners(faceIds: readonly string[]): Promise<(string | undefined)[]> {
      return (await mget<FaceDocument>(faceIds.map(faceKey), ["identity_id"])).map(
        (one) => one?._source?.identity_id,
      );
    },

    async faces(faceIds: readonly string[]): Promise<(FaceDocument | undefined)[]> {
      return (await mget<FaceDocument>(faceIds.map(faceKey))).map((one) => one?._source);
    },

    /** Both in one request. */
    async identityAndFace(
      identityId: string,
      faceId: string,
    ): Promise<[Record | undefined, FaceDocument | undefined]> {
      const [identity, face] = await mget<IdentityDocument | FaceDocument>([
        identityKey(identityId),
        faceKey(faceId),
      ]);
      return [
        identity && recordOf(identity as estypes.GetGetResult<IdentityDocument>),
        face?._source as FaceDocument | undefined,
      ];
    },
  };
}

function recordOf(found: estypes.GetGetResult<IdentityDocument>): Record {
  return {
    document: found._source!,
    version: { if_seq_no: found._seq_no!, if_primary_term: found._primary_term! },
  };
}

/** Writes the identity if it still is what it was read as. */
export function writeIdentity({ document, version }: Record): BulkOperation {
  const _id = identityKey(document.identity_id);
  return { action: version ? { index: { _id, ...version } } : { create: { _id } }, document };
}

export function removeIdentity({ document, version }: Record): BulkOperation {
  return { action: { delete: { _id: identityKey(document.identity_id), ...version } } };
}

export function writeFace(face: FaceDocument): BulkOperation {
  return writeDocument(faceKey(face.face_id), face);
}

export function writeDocument(_id: string, document: FaceDocument | IdentityDocument): BulkOperation {
  return { action: { index: { _id } }, document };
}

export function removeFace(faceId: string): BulkOperation {
  return { action: { delete: { _id: faceKey(faceId) } } };
}

/**
 * Runs changes of one identity one after another in this process, and again where another process was faster.
 * `change` answers undefined after a version conflict.
 */
export function createTurns() {
  const ends = new Map<string, Promise<unknown>>();
  return async <T>(identityIds: readonly string[], change: () => Promise<T | undefined>): Promise<T> => {
    const before = identityIds.map((id) => ends.get(id));
    const turn = Promise.allSettled(before).then(() => untilUndisturbed(change));
    const end = turn.catch(() => {});
    for (const id of identityIds) ends.set(id, end);
    try {
      return await turn;
    } finally {
      for (const id of identityIds) if (ends.get(id) === end) ends.delete(id);
    }
  };
}

const CONFLICTS_MAX = 60;

async function untilUndisturbed<T>(change: () => Promise<T | undefined>): Promise<T> {
  for (let conflicts = 0; conflicts < CONFLICTS_MAX; conflicts++) {
    const done = await change();
    if (done !== undefined) return done;
    await pause(Math.random() * Math.min(5 * 2 ** conflicts, 200));
  }
  throw new StageFailure("gallery_unavailable", "others change this identity all the time");
}
