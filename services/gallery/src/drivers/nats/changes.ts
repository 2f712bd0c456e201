import { embeddingFromBytes, nameKey } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import { digestOf } from "../identityRecord.js";
import { faceOf, identityOf } from "./bucket.js";
import type { Change } from "./follower.js";
import type { Catalogue } from "./memory/catalogue.js";

/** Brings the bucket's changes into memory. */
export function applyTo(catalogue: Catalogue, changes: readonly Change[], log: Log): void {
  for (const { key: subject, revision, value } of changes) {
    const [kind, id = ""] = subject.split(".");
    try {
      if (kind === "identity") {
        if (value) {
          const identity = identityOf(value);
          catalogue.putIdentity({ ...identity, key: nameKey(identity.name), revision });
        } else catalogue.deleteIdentity(id);
      } else if (kind === "face") {
        if (value) putFace(catalogue, value, revision);
        else catalogue.deleteFace(id);
      }
    } catch (err) {
      // Not written by this program: the rest of the gallery is served all the same.
      log.error({ err, kind, revision }, "an unreadable record of the gallery");
    }
  }
}

function putFace(catalogue: Catalogue, value: Uint8Array, revision: number): void {
  const { identityId, face, embedding } = faceOf(value);
  if (!face) throw new Error("a face without an id");
  const digest = digestOf(embedding);
  const known = catalogue.face(face.id);
  if (known?.digest === digest && known.face.model === face.model) {
    catalogue.replaceFace({ face, identityId, digest, key: known.key, revision });
  } else {
    const vector = embeddingFromBytes(embedding);
    catalogue.putFace({ face, identityId, digest, key: catalogue.nextKey(), revision }, vector);
  }
}
