import { StageFailure } from "@similarfaces/contracts";
import type { Metrics } from "@similarfaces/runtime";
import type { Gallery } from "./gallery.js";

/** The same gallery, with every operation in `similarfaces_gallery_operation_seconds`. */
export function measuredGallery(gallery: Gallery, { galleryOperation }: Metrics): Gallery {
  const { driver, model } = gallery;
  const timed = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const startedAtMs = performance.now();
    let outcome: Outcome = "ok";
    try {
      return await run();
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      galleryOperation.observe({ driver, operation, outcome }, (performance.now() - startedAtMs) / 1_000);
    }
  };
  return {
    driver,
    model,
    search: (probe, count) => timed("search", () => gallery.search(probe, count)),
    enrol: (face) => timed("enrol", () => gallery.enrol(face)),
    list: (question) => timed("list", () => gallery.list(question)),
    get: (identityId) => timed("get", () => gallery.get(identityId)),
    rename: (identityId, name) => timed("rename", () => gallery.rename(identityId, name)),
    merge: (from, into) => timed("merge", () => gallery.merge(from, into)),
    deleteFace: (faceId) => timed("delete_face", () => gallery.deleteFace(faceId)),
    deleteIdentity: (identityId) => timed("delete_identity", () => gallery.deleteIdentity(identityId)),
    goOnDeleting: () => timed("go_on_deleting", () => gallery.goOnDeleting()),
    named: (name) => timed("named", () => gallery.named(name)),
    statistics: () => timed("statistics", () => gallery.statistics()),
    exportFaces: (question) => timed("export", () => gallery.exportFaces(question)),
    importFaces: (faces) => timed("import", () => gallery.importFaces(faces)),
    hasFace: (faceId) => timed("has_face", () => gallery.hasFace(faceId)),
    sweepPortraits: (storedBeforeMs, log) =>
      timed("sweep_portraits", () => gallery.sweepPortraits(storedBeforeMs, log)),
    ready: () => gallery.ready(),
    close: () => gallery.close(),
  };
}

type Outcome = "ok" | "refused" | "error";

/** A bad request is counted apart: alerts are about the gallery's own errors. */
function outcomeOf(error: unknown): Outcome {
  return error instanceof StageFailure && !error.retryable ? "refused" : "error";
}
