import type { Client, estypes } from "@elastic/elasticsearch";
import type { Note } from "../driver.js";
import type { IdentityRecord } from "../identityRecord.js";
import {
  faceKey,
  identityKey,
  noteKey,
  recordOf,
  type FaceDocument,
  type IdentityDocument,
  type NoteDocument,
  type Version,
} from "./documents.js";
import { ItemError, type Requests } from "./request.js";

export type Reads = ReturnType<typeof createReads>;

/** Reads by id, which see every write that was acknowledged, refreshed or not. */
export function createReads(client: Client, index: string, request: Requests) {
  return {
    /** Of each id, in this order. */
    async identities(identityIds: readonly string[]): Promise<(IdentityRecord | undefined)[]> {
      const found = await mget<IdentityDocument>(identityIds.map(identityKey));
      return found.map((one) => {
        if (!one) return undefined;
        return recordOf(one._source!, versionOf(one));
      });
    },

    async note(name: string): Promise<Note | undefined> {
      const [found] = await mget<NoteDocument>([noteKey(name)]);
      return found && { value: found._source!.note, version: versionOf(found) };
    },

    /** By id, without the details of their faces. */
    async names(
      identityIds: readonly string[],
    ): Promise<Map<string, Pick<IdentityDocument, "name" | "face_ids">>> {
      const unique = [...new Set(identityIds)];
      const found = await mget<IdentityDocument>(unique.map(identityKey), ["name", "face_ids"]);
      return new Map(found.flatMap((one, i) => (one ? [[unique[i]!, one._source!] as const] : [])));
    },

    /** Of each face, in this order. */
    async faces<Field extends keyof FaceDocument>(
      faceIds: readonly string[],
      fields: readonly Field[],
    ): Promise<(Pick<FaceDocument, Field> | undefined)[]> {
      return (await mget<FaceDocument>(faceIds.map(faceKey), fields)).map((one) => one?._source);
    },
  };

  async function mget<T>(
    ids: readonly string[],
    fields?: readonly (keyof T & string)[],
  ): Promise<(estypes.GetGetResult<T> | undefined)[]> {
    if (ids.length === 0) return [];
    return request(async () => {
      const { docs } = await client.mget<T>({
        index,
        ids: [...ids],
        ...(fields ? { _source_includes: [...fields] } : {}),
      });
      return docs.map((document) => {
        if ("error" in document) throw new ItemError(404, document.error);
        return document.found ? document : undefined;
      });
    });
  }
}

function versionOf({ _seq_no, _primary_term }: estypes.GetGetResult<unknown>): Version {
  return { if_seq_no: _seq_no!, if_primary_term: _primary_term! };
}
