import { createHash } from "node:crypto";
import { embeddingFromBytes } from "@similarfaces/contracts";
import type { Log } from "@similarfaces/runtime";
import { folded, type Catalogue } from "./catalogue.js";
import type { Change } from "./follower.js";
import { faceOf, identityOf } from "./record.js";

/** Takes the record's changes into memory. */
export function applyTo(catalogue: Catalogue, changes: readonly Change[], log: Log): void {
  for (const { key, revision, value } of changes) {
    const [kind, id = ""] = key.split(".");
    try {
      if (kind === "identity") {
        if (value) {
          const identity = identityOf(value);
          catalogue.putIdentity({ ...identity, folded: folded(identity.name), revision });
        } else catalogue.deleteIdentity(id);
      } else if (kind === "face") {
        if (value) putFace(catalogue, value, revision);
        else catalogue.deleteFace(id);
      }
    } catch (err) {
      // Written by nobody that we know: the rest of the gallery is not to suffer.
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

/** 48 bits of a hash. */
export function digestOf(embedding: Uint8Array): number {
  return createHash("sha256").update(embedding).digest().readUIntBE(0, 6);
}
