import { embeddingToBytes } from "@similarfaces/contracts";
import { digestOf, withFaces, type IdentityRecord } from "../drivers/identityRecord.js";
import type { EnrolledFace } from "./gallery.js";
import type { FaceToAdd, Identities } from "./identities.js";
import type { Store } from "./store.js";

/** Adds each face once, though the same be added at the same time, here or on another replica. */
export function createEnrolling({ records, vectors, commit, inTurn }: Store): Pick<Identities, "add"> {
  return {
    add: (face) => inTurn([face.identity.id], () => addOnce(face)),
  };

  /** @returns undefined where another replica was faster */
  async function addOnce({ face, identity, embedding }: FaceToAdd): Promise<EnrolledFace | undefined> {
    const [[owner], [found]] = await Promise.all([
      records.owners([face.id], { thorough: false }),
      records.read([identity.id]),
    ]);
    if (owner !== undefined && owner !== identity.id) {
      const [other] = await records.read([owner]);
      return other && enrolled(other, face.id, false);
    }
    const record = found ?? { ...identity, faces: [] };
    const added = { face, digest: digestOf(embeddingToBytes(embedding)) };
    const vector = { face, identityId: identity.id, embedding };
    const same = record.faces.find(
      (one) => one.face.id === face.id || (one.digest === added.digest && one.face.model === face.model),
    );
    if (!same) {
      const written = await commit({ put: [vector], record: withFaces(record, [...record.faces, added]) });
      return written && enrolled(written, face.id, true);
    }
    const [stored] = await vectors.get([face.id]);
    // The write that listed it may have ended halfway.
    if (same.face.id === face.id && !stored) await vectors.put([vector]);
    // An earlier attempt may have stored this vector before another replica listed the same under another id.
    if (same.face.id !== face.id && stored) await vectors.remove([face.id]);
    return enrolled(record, same.face.id, false);
  }
}

function enrolled({ id, name }: IdentityRecord, faceId: string, added: boolean): EnrolledFace {
  return { identityId: id, faceId, name, added };
}
