import type { estypes } from "@elastic/elasticsearch";
import { IdentityPageSchema, create } from "@similarfaces/contracts";
import { badRequest } from "../../operations/check.js";
import type { FaceRow, GalleryDriver } from "../../operations/gallery.js";
import {
  exportedFaceOf,
  identityOf,
  nameKey,
  type FaceDocument,
  type IdentityDocument,
} from "./documents.js";
import { ofKind, type Store } from "./store.js";

/** Pages of identities and of faces, and how many there are. */
export function createListing({
  client,
  index,
  request,
  records,
  fresh,
}: Store): Pick<GalleryDriver, "list" | "statistics" | "faces"> {
  return {
    async list({ nameContains, pageSize, pageToken }) {
      const after = pageToken === "" ? undefined : positionOf(pageToken);
      await fresh.wait();
      const { hits } = await request(() =>
        client.search<IdentityDocument>({
          index,
          // One more tells whether there is a next page.
          size: pageSize + 1,
          track_total_hits: true,
          allow_partial_search_results: false,
          query: { bool: { filter: [ofKind("identity"), ...nameFilter(nameContains)] } },
          sort: [{ name_key: "asc" }, { identity_id: "asc" }],
          ...(after ? { search_after: after } : {}),
        }),
      );
      const page = hits.hits.slice(0, pageSize);
      return create(IdentityPageSchema, {
        identities: page.map(({ _source }) => identityOf(_source!)),
        nextPageToken: hits.hits.length > pageSize ? tokenOf(page.at(-1)!.sort!) : "",
        total: (hits.total as estypes.SearchTotalHits).value,
      });
    },

    async statistics() {
      await fresh.wait();
      const [identities, faces] = await Promise.all(
        (["identity", "face"] as const).map(async (of) => {
          const { count } = await request(() => client.count({ index, query: ofKind(of) }));
          return count;
        }),
      );
      return { identities: identities!, faces: faces! };
    },

    async faces(count, cursor) {
      await fresh.wait();
      const rows: FaceRow[] = [];
      let after = cursor;
      while (rows.length < count) {
        const wanted = count - rows.length;
        const page = await facesAfter(after, wanted);
        const identities = await records.identities(page.map(({ identity_id }) => identity_id));
        for (const face of page) {
          const identity = identities.get(face.identity_id);
          const entry = identity?.faces.find(({ id }) => id === face.face_id);
          after = face.face_id;
          if (identity && entry) rows.push({ face: exportedFaceOf(face, identity, entry), cursor: after });
        }
        if (page.length < wanted) break;
      }
      return rows;
    },
  };

  async function facesAfter(cursor: string, size: number): Promise<FaceDocument[]> {
    const { hits } = await request(() =>
      client.search<FaceDocument>({
        index,
        size,
        track_total_hits: false,
        allow_partial_search_results: false,
        query: ofKind("face"),
        sort: [{ face_id: "asc" }],
        ...(cursor === "" ? {} : { search_after: [cursor] }),
      }),
    );
    return hits.hits.map(({ _source }) => _source!);
  }
}

function nameFilter(nameContains: string) {
  if (nameContains === "") return [];
  const literal = nameKey(nameContains).replaceAll(/[*?\\]/g, String.raw`\$&`);
  return [{ wildcard: { name_key: { value: `*${literal}*` } } }];
}

function tokenOf(sort: estypes.SortResults): string {
  return Buffer.from(JSON.stringify(sort)).toString("base64url");
}

/** @throws StageFailure bad_request */
function positionOf(token: string): estypes.SortResults {
  try {
    const position: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (
      Array.isArray(position) &&
      position.length === 2 &&
      position.every((part) => typeof part === "string")
    ) {
      return position as estypes.SortResults;
    }
  } catch {
    // Not one of ours.
  }
  throw badRequest("page_token is none that was given out");
}
