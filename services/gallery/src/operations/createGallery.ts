import {
  ExportedFaceSchema,
  FacePageSchema,
  GalleryFaceSchema,
  GalleryReceiptSchema,
  StageFailure,
  StatisticsSchema,
  checkedConsent,
  checkedName,
  checkedPhotoDigest,
  checkedSource,
  create,
  embeddingFromBytes,
  toBinary,
  type ExportedFace,
  type GalleryReceipt,
} from "@similarfaces/contracts";
import type { Blobs } from "@similarfaces/runtime";
import type { ComparedModels } from "../drivers/driver.js";
import {
  badRequest,
  checkedCount,
  checkedEyes,
  checkedId,
  checkedNamePart,
  checkedPortrait,
  checkedSourceJob,
} from "./checks.js";
import { createDeleting } from "./deleting.js";
import type { Gallery, NewFace } from "./gallery.js";
import type { FaceToAdd, Identities } from "./identities.js";
import { createPortraits } from "./portraits.js";

export const SEARCH_COUNT_MAX = 100;
const LIST_PAGE_MAX = 200;
const EXPORT_PAGE_MAX = 500;
/** Portraits fetched at once, and the bytes after which a page ends: a message of the broker holds 1 MiB. */
const EXPORT_CHUNK = 8;
const IMPORT_AT_ONCE = 16;
const EXPORT_PAGE_BYTES = 640 * 1024;

/** Checks what comes in, and keeps a portrait beside each face. */
export function createGallery(identities: Identities, blobs: Blobs, models: ComparedModels): Gallery {
  const [model] = models;
  const portraits = createPortraits(identities, blobs);
  const deleting = createDeleting(identities, portraits);
  return {
    driver: identities.name,
    model,
    ready: () => identities.ready(),
    close: () => identities.close(),

    async search(probe, count) {
      checkedCount("count", count, SEARCH_COUNT_MAX);
      const embedding = embeddingFromBytes(probe.embedding);
      checkModel(probe.model);
      return identities.nearest(embedding, count);
    },

    async enrol(face) {
      return portraits.add(checkedFace(face), checkedPortrait(face.portrait));
    },

    async list(question) {
      checkedCount("page_size", question.pageSize, LIST_PAGE_MAX);
      return identities.list({ ...question, nameContains: checkedNamePart(question.nameContains) });
    },

    get: async (identityId) => identities.get(checkedId(identityId, "identity_not_found")),

    rename: async (identityId, name) =>
      identities.rename(checkedId(identityId, "identity_not_found"), checkedName(name)),

    async merge(fromIdentityId, intoIdentityId) {
      const from = checkedId(fromIdentityId, "identity_not_found");
      const into = checkedId(intoIdentityId, "identity_not_found");
      if (from === into) throw badRequest("an identity cannot be merged into itself");
      return identities.merge(from, into);
    },

    async deleteFace(faceId) {
      const [isThere] = await identities.hasFaces([checkedId(faceId, "face_not_found")]);
      if (!isThere) throw new StageFailure("face_not_found");
      const thumbnails = await portraits.remove([faceId]);
      return receipt({ faces: (await identities.deleteFace(faceId)).length, thumbnails });
    },

    deleteIdentity: async (identityId) =>
      deleting.deleteIdentity(checkedId(identityId, "identity_not_found")),

    goOnDeleting: () => deleting.goOn(),

    named: async (name) => identities.named(checkedName(name)),

    async hasFace(faceId) {
      const [isThere] = await identities.hasFaces([checkedId(faceId, "face_not_found")]);
      return isThere === true;
    },

    sweepPortraits: (storedBeforeMs, log) => portraits.sweep(storedBeforeMs, log),

    async statistics() {
      const open = (await identities.deletions.open()).map(({ identityId }) => identityId);
      const [count, faces] = await Promise.all([identities.statistics(), identities.countFacesOf(open)]);
      return create(StatisticsSchema, {
        ...count,
        faces: Math.max(0, count.faces - faces),
        driver: identities.name,
        model,
        deleting: { identities: open.length, faces },
      });
    },

    async exportFaces({ pageSize, pageToken }) {
      checkedCount("page_size", pageSize, EXPORT_PAGE_MAX);
      const page = create(FacePageSchema);
      let cursor = pageToken;
      let bytes = 0;
      while (page.faces.length < pageSize) {
        const wanted = Math.min(EXPORT_CHUNK, pageSize - page.faces.length);
        const rows = await identities.faces(wanted, cursor);
        const faces = await Promise.all(rows.map(({ face }) => withPortrait(face)));
        for (const [i, face] of faces.entries()) {
          bytes += toBinary(ExportedFaceSchema, face).length;
          if (bytes > EXPORT_PAGE_BYTES && page.faces.length > 0) {
            page.nextPageToken = cursor;
            return page;
          }
          page.faces.push(face);
          cursor = rows[i]!.cursor;
        }
        if (rows.length < wanted) return page;
      }
      page.nextPageToken = (await identities.faces(1, cursor)).length > 0 ? cursor : "";
      return page;
    },

    async importFaces(faces) {
      const checked = faces.map((exported) => ({
        face: checkedFace(fromExported(exported)),
        portrait: checkedPortrait(exported.thumbnail),
      }));
      const before = await identities.statistics();
      const added = { identities: 0, faces: 0, thumbnails: 0 };
      for (let i = 0; i < checked.length; i += IMPORT_AT_ONCE) {
        const some = checked.slice(i, i + IMPORT_AT_ONCE);
        const enrolled = await Promise.all(some.map(({ face, portrait }) => portraits.add(face, portrait)));
        for (const [n, { portrait }] of some.entries()) {
          if (!enrolled[n]!.added) continue;
          added.faces++;
          if (portrait.length > 0) added.thumbnails++;
        }
      }
      const after = await identities.statistics();
      added.identities = Math.max(0, after.identities - before.identities);
      return receipt(added);
    },
  };

  function checkedFace(face: NewFace): FaceToAdd {
    const embedding = embeddingFromBytes(face.embedding);
    checkModel(face.model);
    const eyes = checkedEyes(face.eyes, face.portrait);
    return {
      identity: {
        id: checkedId(face.identityId, "identity_not_found"),
        name: checkedName(face.name),
        consent: checkedConsent(face.consent),
        createdAtMs: face.createdAtMs,
      },
      face: create(GalleryFaceSchema, {
        id: checkedId(face.faceId, "face_not_found"),
        model: face.model,
        createdAtMs: face.createdAtMs,
        sourceJobId: checkedSourceJob(face.sourceJobId),
        source: checkedSource(face.source),
        photoDigest: checkedPhotoDigest(face.photoDigest),
        ...(eyes ? { eyes } : {}),
      }),
      as: face.as,
      embedding,
    };
  }

  function checkModel(of: string): void {
    if (!models.includes(of)) {
      const compared = models.join(" and ");
      throw new StageFailure("model_mismatch", `the gallery compares embeddings of ${compared} only`);
    }
  }

  async function withPortrait(face: ExportedFace): Promise<ExportedFace> {
    const portrait = face.face && (await portraits.of(face.face.id));
    if (portrait) face.thumbnail = portrait;
    return face;
  }
}

function fromExported({ identityId, name, consent, face, embedding, thumbnail }: ExportedFace): NewFace {
  return {
    faceId: face?.id ?? "",
    identityId,
    // As it was exported, with its namesakes.
    as: "any",
    name,
    consent,
    embedding,
    model: face?.model ?? "",
    createdAtMs: face?.createdAtMs ?? 0,
    sourceJobId: face?.sourceJobId ?? "",
    source: face?.source ?? "",
    photoDigest: face?.photoDigest ?? "",
    portrait: thumbnail,
    eyes: face?.eyes,
  };
}

function receipt(counts: { identities?: number; faces?: number; thumbnails?: number }): GalleryReceipt {
  return create(GalleryReceiptSchema, counts);
}
