import { createHash } from "node:crypto";
import {
  EnrolWorkSchema,
  EnrolledSchema,
  StageFailure,
  create,
  fromBinary,
  jobAcceptedAtMs,
  type EnrolWork,
} from "@similarfaces/contracts";
import type { Stage } from "@similarfaces/runtime";
import type { Gallery } from "../operations/gallery.js";

export interface EnrolOptions {
  gallery: Gallery;
}

/**
 * Adds a face to the gallery. Its id follows from job and face, so that a redelivery adds nothing. Failures: those of the
 * gallery, malformed_message.
 */
export function createEnrol({ gallery }: EnrolOptions): Stage<EnrolWork> {
  return {
    name: "enrol",

    decode(data) {
      const work = fromBinary(EnrolWorkSchema, data);
      if (!work.enrolment) throw new StageFailure("malformed_message", "a face without its enrolment");
      return [work];
    },

    async handle({ jobId, face, embedding, model, portrait, enrolment }) {
      const { identityId, name, consent, source, photoDigest } = enrolment!;
      const enrolled = await gallery.enrol({
        faceId: faceIdOf(jobId, face),
        identityId,
        name,
        consent,
        embedding,
        model,
        createdAtMs: jobAcceptedAtMs(jobId),
        sourceJobId: jobId,
        source,
        photoDigest,
        portrait: portrait?.jpeg ?? new Uint8Array(),
        eyes: portrait?.eyes,
      });
      return {
        outcome: {
          case: "enrol",
          value: create(EnrolledSchema, {
            identityId: enrolled.identityId,
            faceId: enrolled.faceId,
            name: enrolled.name,
          }),
        },
        model,
      };
    },
  };
}

/** A hash, because a job's id opens the job, and ids of faces are public. */
function faceIdOf(jobId: string, face: number): string {
  return createHash("sha256").update(`${jobId}.${face}`).digest("base64url").slice(0, 22);
}
