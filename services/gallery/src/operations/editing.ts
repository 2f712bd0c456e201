import { IdentitySchema, StageFailure, create, type Identity } from "@similarfaces/contracts";
import { withFaces, type IdentityRecord } from "../drivers/identityRecord.js";
import type { Identities } from "./identities.js";
import type { Store } from "./store.js";

type Editing = Pick<
  Identities,
  "get" | "rename" | "merge" | "hasFaces" | "facesOf" | "deleteFace" | "deleteIdentity" | "unlist"
>;

/**
 * Reads and changes one identity or two. Each change reads the record, writes it if it still is as it was read, and
 * starts over where another replica was faster. A change that ended halfway can be repeated.
 */
export function createEditing({ records, vectors, commit, inTurn }: Store): Editing {
  return {
    get: async (identityId) => identityOf(await existing(identityId)),

    facesOf: async (identityId) => idsOf(await existing(identityId)),

    rename: (identityId, name) =>
      inTurn([identityId], async () => {
        const renamed = await records.write({ ...(await existing(identityId)), name });
        return renamed && identityOf(renamed);
      }),

    /** Listed by both for a moment, then moved, then listed by one. */
    merge(fromIdentityId, intoIdentityId) {
      let moved = false;
      return inTurn([fromIdentityId, intoIdentityId], async () => {
        const [from, into] = await records.read([fromIdentityId, intoIdentityId]);
        if (!into) throw new StageFailure("identity_not_found");
        // An earlier attempt removed it, and the answer to that was lost.
        if (!from && moved) return identityOf(into);
        if (!from) throw new StageFailure("identity_not_found");
        const both = await records.write(withFaces(into, [...from.faces, ...into.faces]));
        if (!both || !(await moveVectors(from, intoIdentityId))) return undefined;
        moved = true;
        if (!(await records.remove(from))) return undefined;
        const [merged] = await records.read([intoIdentityId]);
        if (merged) return identityOf(merged);
        // It was deleted meanwhile, perhaps before the last of the vectors were moved to it.
        await removeUnlisted(intoIdentityId);
        throw new StageFailure("identity_not_found");
      });
    },

    async hasFaces(faceIds) {
      const owners = await records.owners(faceIds, { thorough: true });
      return owners.map((owner) => owner !== undefined);
    },

    async deleteFace(faceId) {
      const owner = await recordOfFace(faceId);
      if (!owner) return [];
      let tried = false;
      return inTurn([owner.id], async () => {
        const record = await recordOfFace(faceId);
        if (!record) return tried ? [faceId] : [];
        tried = true;
        const left = record.faces.filter(({ face }) => face.id !== faceId);
        return (await commit({ remove: [faceId], record: withFaces(record, left) })) && [faceId];
      });
    },

    deleteIdentity(identityId) {
      const gone = new Set<string>();
      let tried = false;
      return inTurn([identityId], async () => {
        const [record] = await records.read([identityId]);
        if (!record && !tried) throw new StageFailure("identity_not_found");
        tried = true;
        if (record) {
          const ids = idsOf(record);
          for (const id of ids) gone.add(id);
          if (!(await commit({ remove: ids, record, removed: true }))) return undefined;
        }
        for (const id of await removeUnlisted(identityId)) gone.add(id);
        return [...gone];
      });
    },

    async unlist(identityId, isMeant) {
      await inTurn([identityId], async () => {
        const [record] = await records.read([identityId]);
        return (
          !record || !(await isMeant()) || (await records.remove(record, { leavesFaces: true })) || undefined
        );
      });
    },
  };

  /** @throws StageFailure identity_not_found */
  async function existing(identityId: string): Promise<IdentityRecord> {
    const [record] = await records.read([identityId]);
    if (!record) throw new StageFailure("identity_not_found");
    return record;
  }

  /** The identity that lists a face. */
  async function recordOfFace(faceId: string): Promise<IdentityRecord | undefined> {
    const [owner] = await records.owners([faceId], { thorough: true });
    const [record] = owner === undefined ? [] : await records.read([owner]);
    return record && idsOf(record).includes(faceId) ? record : undefined;
  }

  /** @returns false where another replica was faster */
  async function moveVectors(from: IdentityRecord, identityId: string): Promise<boolean> {
    const embeddings = await vectors.get(idsOf(from));
    const moved = from.faces.flatMap(({ face }, i) => {
      const embedding = embeddings[i];
      return embedding ? [{ face, identityId, embedding }] : [];
    });
    return moved.length === 0 || (await vectors.put(moved));
  }

  /** Removes vectors that are stored for an identity which does not list them: writes that ended halfway leave such. @returns the ids of their faces */
  async function removeUnlisted(identityId: string): Promise<string[]> {
    const removed: string[] = [];
    for (;;) {
      const stored = await vectors.storedFor(identityId);
      const [record] = await records.read([identityId]);
      const listed = new Set(record ? idsOf(record) : []);
      const unlisted = stored.filter((id) => !listed.has(id));
      if (unlisted.length === 0) return removed;
      await vectors.remove(unlisted);
      removed.push(...unlisted);
    }
  }
}

function idsOf({ faces }: IdentityRecord): string[] {
  return faces.map(({ face }) => face.id);
}

/** As the API shows it. */
export function identityOf({ id, name, consent, createdAtMs, faces }: IdentityRecord): Identity {
  return create(IdentitySchema, { id, name, consent, createdAtMs, faces: faces.map(({ face }) => face) });
}
