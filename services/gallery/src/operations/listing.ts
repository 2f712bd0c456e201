import {
  ExportedFaceSchema,
  IdentityPageSchema,
  create,
  embeddingToBytes,
  nameKey,
} from "@similarfaces/contracts";
import type { ListQuestion } from "../drivers/driver.js";
import { badRequest } from "./checks.js";
import { identityOf } from "./editing.js";
import type { FaceRow, Identities } from "./identities.js";
import type { Store } from "./store.js";

/** Pages of identities and of faces, and how many there are. */
export function createListing({
  records,
  vectors,
}: Store): Pick<Identities, "list" | "statistics" | "faces"> {
  return {
    async list({ nameContains, pageSize, pageToken }) {
      const after = pageToken === "" ? undefined : positionOf(pageToken);
      // One more than the page holds, to know whether there is a next one.
      const question = { keyPart: nameKey(nameContains), count: pageSize + 1, after };
      const found = await records.list(question);
      const page = found.records.slice(0, pageSize);
      const last = page.at(-1);
      return create(IdentityPageSchema, {
        identities: page.map(identityOf),
        nextPageToken:
          last && found.records.length > pageSize ? tokenOf({ key: nameKey(last.name), id: last.id }) : "",
        total: found.total,
      });
    },

    statistics: () => records.count(),

    async faces(count, cursor) {
      if (!/^[A-Za-z0-9_-]{0,64}$/.test(cursor)) throw unknownToken();
      const rows: FaceRow[] = [];
      let after: string | undefined = cursor;
      while (after !== undefined && rows.length < count) {
        const { faces, next } = await records.faces(count - rows.length, after);
        const embeddings = await vectors.get(faces.map(({ face }) => face.id));
        for (const [i, { identity, face }] of faces.entries()) {
          const embedding = embeddings[i];
          // Deleted since the list was made.
          if (!embedding) continue;
          const { id: identityId, name, consent } = identity;
          const exported = { identityId, name, consent, face, embedding: embeddingToBytes(embedding) };
          rows.push({ face: create(ExportedFaceSchema, exported), cursor: face.id });
        }
        after = next;
      }
      return rows;
    },
  };
}

type Position = NonNullable<ListQuestion["after"]>;

function tokenOf({ key, id }: Position): string {
  return Buffer.from(JSON.stringify([key, id])).toString("base64url");
}

/** @throws StageFailure bad_request */
function positionOf(token: string): Position {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string")) {
      const [key, id] = parts as [string, string];
      return { key, id };
    }
  } catch {
    // No JSON, so no token of this program.
  }
  throw unknownToken();
}

function unknownToken() {
  return badRequest("this page token was never given");
}
