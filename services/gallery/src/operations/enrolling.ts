import { StageFailure, embeddingToBytes, nameKey, type GalleryFace } from "@similarfaces/contracts";
import { digestOf, withFaces, type FaceRecord, type IdentityRecord } from "../drivers/identityRecord.js";
import { deletionsOf } from "./deletions.js";
import type { EnrolledFace } from "./gallery.js";
import type { FaceToAdd, Identities } from "./identities.js";
import { asTheOnly } from "./naming.js";
import type { Store } from "./store.js";

/** Adds each face once, though the same be added at the same time, here or on another replica. */
export function createEnrolling(store: Store): Pick<Identities, "add"> {
  const { records, vectors, commit, inTurn } = store;
  const deletions = deletionsOf(store);
  return {
    add(face) {
      const { id, name } = face.identity;
      // An id has no colon.
      const turns = face.as === "new" ? [id, `name:${nameKey(name)}`] : [id];
      return inTurn(turns, () => addOnce(face));
    },
  };

  /** @returns undefined where another replica was faster */
  async function addOnce(face: FaceToAdd): Promise<EnrolledFace | undefined> {
    const { identity, as } = face;
    const [[owner], [found]] = await Promise.all([
      records.owners([face.face.id], { thorough: false }),
      records.read([identity.id]),
    ]);
    if (owner !== undefined && owner !== identity.id) {
      const [other] = await records.read([owner]);
      return other && enrolled(other, face.face.id, false);
    }
    if (found) return addTo(found, face);
    if (as === "known") throw new StageFailure("identity_not_found");
    if (await deletions.isOpen(identity.id)) {
      throw new StageFailure(
        "gallery_unavailable",
        "This identity is being deleted: add it again afterwards.",
      );
    }
    const made = { ...identity, faces: [] };
    if (as === "any") return addTo(made, face);
    return asTheOnly(store, nameKey(identity.name), () => addTo(made, face));
  }

  /** @returns undefined where another replica was faster */
  async function addTo(
    record: IdentityRecord,
    { face, embedding }: FaceToAdd,
  ): Promise<EnrolledFace | undefined> {
    const added = { face, digest: digestOf(embeddingToBytes(embedding)) };
    const vector = { face, identityId: record.id, embedding };
    const same =
      record.faces.find(({ face: one }) => one.id === face.id) ??
      record.faces.find((one) => one.digest === added.digest && one.face.model === face.model) ??
      (await ofSamePhoto(record, face, embedding));
    if (!same) {
      const written = await commit({ put: [vector], record: withFaces(record, [...record.faces, added]) });
      return written && enrolled(written, face.id, true);
    }
    const [stored] = await vectors.get([face.id]);
    // The write that listed it may have ended halfway.
    if (same.face.id === face.id && !stored) await vectors.put([vector]);
    // An earlier attempt may have stored this vector before another replica listed the same under another id.
    if (same.face.id !== face.id && stored) await vectors.remove([face.id]);
    if (same.face.photoDigest === "" && face.photoDigest !== "") return learn(record, same, face.photoDigest);
    return enrolled(record, same.face.id, false);
  }

  /**
   * The face that is of this picture, among those of the same photo, and those of the same source whose photo nobody has said the digest of:
   * embeddings of one picture are equal to the last digits only while they are made in batches of one size.
   */
  async function ofSamePhoto(
    { faces }: Pick<IdentityRecord, "faces">,
    { source, model, photoDigest }: GalleryFace,
    embedding: Float32Array,
  ): Promise<FaceRecord | undefined> {
    if (photoDigest === "") return undefined;
    const possible = faces.filter(
      ({ face }) =>
        face.model === model &&
        (face.photoDigest === photoDigest ||
          (face.photoDigest === "" && source !== "" && face.source === source)),
    );
    const stored = possible.length > 0 ? await vectors.get(possible.map(({ face }) => face.id)) : [];
    return possible.find((_, i) => stored[i] && cosine(stored[i], embedding) >= SAME_PICTURE_MIN);
  }

  /** From now on the face is known by its photo. @returns undefined where another replica was faster */
  async function learn(
    record: IdentityRecord,
    { face: { id }, digest }: FaceRecord,
    photoDigest: string,
  ): Promise<EnrolledFace | undefined> {
    const [embedding] = await vectors.get([id]);
    if (!embedding) return enrolled(record, id, false);
    const known = record.faces.find(({ face }) => face.id === id)!;
    const face = { ...known.face, photoDigest };
    const put = [{ face, identityId: record.id, embedding }];
    const written = await commit({
      put,
      record: withFaces(record, [...record.faces, { face, digest }]),
    });
    return written && enrolled(written, id, false);
  }
}

/** Of embeddings, which have length 1. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Cosine of two embeddings of one picture. */
const SAME_PICTURE_MIN = 0.98;

function enrolled({ id, name }: IdentityRecord, faceId: string, added: boolean): EnrolledFace {
  return { identityId: id, faceId, name, added };
}
