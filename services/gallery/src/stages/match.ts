import { probesOfWork, type ProbePiece } from "@similarfaces/contracts";
import type { Stage } from "@similarfaces/runtime";
import type { Gallery } from "../operations/gallery.js";
import { SEARCH_COUNT_MAX } from "../operations/createGallery.js";
import { matchesOf, type Likeness } from "./likeness.js";

const MATCH_COUNT = 5;

export interface MatchOptions {
  gallery: Gallery;
  likeness: Likeness | undefined;
}

/**
 * From an embedding to the identities nearest to it, always as many as there are, with a verdict in words.
 * Failures: invalid_embedding, model_mismatch, gallery_unavailable.
 */
export function createMatch({ gallery, likeness }: MatchOptions): Stage<ProbePiece> {
  return {
    name: "match",
    decode: probesOfWork,

    async handle({ embedding, model, options }) {
      const count = Math.min(options?.matchCount || MATCH_COUNT, SEARCH_COUNT_MAX);
      const nearest = await gallery.search({ embedding, model }, count);
      return { outcome: { case: "match", value: matchesOf(nearest, likeness) }, model };
    },
  };
}
