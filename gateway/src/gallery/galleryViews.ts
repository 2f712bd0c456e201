import {
  GalleryDeletionSchema,
  ExportedFaceSchema,
  GalleryReceiptSchema,
  IdentityPageSchema,
  IdentitySchema,
  MatchesSchema,
  StatisticsSchema,
  toJson,
  type GalleryDeletion,
  type ExportedFace,
  type GalleryReceipt,
  type Identity,
  type IdentityPage,
  type Matches,
  type Statistics,
} from "@similarfaces/contracts";
import type * as api from "@similarfaces/contracts/api";

/**
 * An identity, without what the caller may not see: the consent, the names and digests of files, and the job that a face came from, whose id opens that
 * job, are for those who may change the gallery.
 */
export function identityView(identity: Identity, isTrusted: boolean): api.Identity {
  return isTrusted ? jsonOf(IdentitySchema, identity) : openView(identity);
}

/** A page of identities, likewise. */
export function identityPageView(page: IdentityPage, isTrusted: boolean): api.IdentityPage {
  if (isTrusted) return jsonOf(IdentityPageSchema, page);
  const { identities, nextPageToken, total } = page;
  return { identities: identities.map(openView), nextPageToken, total };
}

/** Field by field: a field that is added to the message later is not shown unless it is added here too. */
function openView({ id, name, createdAtMs, faces }: Identity): api.Identity {
  return {
    id,
    name,
    createdAtMs,
    faces: faces.map((face) => ({ id: face.id, model: face.model, createdAtMs: face.createdAtMs })),
  };
}

export function matchesView(matches: Matches): api.Matches {
  return jsonOf(MatchesSchema, matches);
}

export function statisticsView(statistics: Statistics): api.Statistics {
  return jsonOf(StatisticsSchema, statistics);
}

export function receiptView(receipt: GalleryReceipt): api.GalleryReceipt {
  return jsonOf(GalleryReceiptSchema, receipt);
}

export function deletionView(receipt: GalleryDeletion): api.GalleryDeletion {
  return jsonOf(GalleryDeletionSchema, receipt);
}

export function exportedView(face: ExportedFace): api.ExportedFace {
  return jsonOf(ExportedFaceSchema, face);
}

/** With default values written out: what openapi.yaml describes, which a test of the contracts holds to the messages. */
function jsonOf<Json>(...[schema, message]: Parameters<typeof toJson>): Json {
  return toJson(schema, message, { alwaysEmitImplicit: true }) as Json;
}
