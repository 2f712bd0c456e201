import {
  IdentityPageSchema,
  IdentitySchema,
  toJson,
  type Identity,
  type IdentityPage,
} from "@similarfaces/contracts";

const JSON_OPTIONS = { alwaysEmitImplicit: true } as const;

/**
 * An identity as its asker may see it. Everybody sees a name and faces. Who agreed to what, what a file was called and
 * which job a face came from (its id opens that job) are for those who may change the gallery.
 */
export function identityView(identity: Identity, isTrusted: boolean): unknown {
  return isTrusted ? toJson(IdentitySchema, identity, JSON_OPTIONS) : openView(identity);
}

/** A page of identities, likewise. */
export function identityPageView(page: IdentityPage, isTrusted: boolean): unknown {
  if (isTrusted) return toJson(IdentityPageSchema, page, JSON_OPTIONS);
  const { identities, nextPageToken, total } = page;
  return { identities: identities.map(openView), nextPageToken, total };
}

/** Field by field: what is added to the message some day is not shown before somebody has said so here. */
function openView({ id, name, createdAtMs, faces }: Identity) {
  return {
    id,
    name,
    createdAtMs,
    faces: faces.map((face) => ({ id: face.id, model: face.model, createdAtMs: face.createdAtMs })),
  };
}
