import {
  ExportedFaceSchema,
  IdentityPageSchema,
  create,
  embeddingToBytes,
  type ExportedFace,
} from "@similarfaces/contracts";
import { badRequest } from "../../operations/check.js";
import type { FaceRow, GalleryDriver } from "../../operations/gallery.js";
import { folded, type FaceEntry, type IdentityEntry } from "./catalogue.js";
import { caughtUp, identityIn, type Replica } from "./replica.js";

/** Pages of identities and of faces, and how many there are. */
export function createListing(replica: Replica): Pick<GalleryDriver, "list" | "statistics" | "faces"> {
  const { catalogue } = replica;
  return {
    async list({ nameContains, pageSize, pageToken }) {
      await caughtUp(replica);
      const part = folded(nameContains);
      const all = catalogue.identitiesByName();
      const first = pageToken === "" ? 0 : catalogue.positionBehind(...readToken(pageToken));
      const fits = (identity: IdentityEntry) => identity.folded.includes(part);
      const page: IdentityEntry[] = [];
      for (let i = first; i < all.length && page.length <= pageSize; i++) {
        if (fits(all[i]!)) page.push(all[i]!);
      }
      const total = part === "" ? all.length : all.filter(fits).length;
      const more = page.length > pageSize;
      if (more) page.pop();
      return create(IdentityPageSchema, {
        identities: page.map((identity) => catalogue.shown(identity)),
        nextPageToken: more ? tokenOf(page.at(-1)!) : "",
        total,
      });
    },

    async statistics() {
      await caughtUp(replica);
      return { identities: catalogue.identities, faces: catalogue.faces };
    },

    async faces(count: number, cursor: string): Promise<FaceRow[]> {
      if (!/^[A-Za-z0-9_-]{0,64}$/.test(cursor)) throw badRequest("this page token was never given");
      await caughtUp(replica);
      return catalogue.facesBehind(cursor, count).map((entry) => ({
        face: exported(entry),
        cursor: entry.face.id,
      }));
    },
  };

  function exported(entry: FaceEntry): ExportedFace {
    const { name, consent } = identityIn(catalogue, entry.identityId);
    const embedding = embeddingToBytes(catalogue.vectorOf(entry)!);
    return create(ExportedFaceSchema, {
      identityId: entry.identityId,
      name,
      consent,
      face: entry.face,
      embedding,
    });
  }
}

function tokenOf({ folded: name, id }: IdentityEntry): string {
  return Buffer.from(JSON.stringify([name, id])).toString("base64url");
}

/** @throws StageFailure bad_request */
function readToken(token: string): [name: string, id: string] {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (Array.isArray(read) && read.length === 2 && read.every((part) => typeof part === "string")) {
      return read as [string, string];
    }
  } catch {
    // Not one of ours.
  }
  throw badRequest("this page token was never given");
}
