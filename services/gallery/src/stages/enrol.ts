import { createHash } from "node:crypto";
import {
  EnrolWorkSchema,
  EnrolledSchema,
  StageFailure,
  create,
  fromBinary,
  jobAcceptedAtMs,
  type EnrolWork,
  type Enrolment,
} from "@similarfaces/contracts";
import type { Stage } from "@similarfaces/runtime";
import type { Gallery, NewFace } from "../operations/gallery.js";

export interface EnrolOptions {
  gallery: Gallery;
}

/**
 * Adds a face to the gallery. Its id follows from job and face, so that a redelivery adds nothing. Failures: those of the
 * gallery, malformed_message, and several_faces where nobody has said which one it is.
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
      const { identityId, name, consent, source, photoDigest, candidates } = enrolment!;
      if (candidates > 1) throw severalFaces(source, candidates);
      const enrolled = await gallery.enrol({
        faceId: faceIdOf(jobId, face),
        identityId,
        as: whoOf(enrolment!),
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
            isKnown: !enrolled.added,
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

/** In the words of the job's failure, beside the faces of its `extract` result. */
function severalFaces(source: string, faces: number): StageFailure {
  const where = source === "" ? "" : `${source}: `;
  return new StageFailure(
    "several_faces",
    `${where}The photo has ${faces} faces. Enrol one of them by this job and its face, or ask for the largest.`,
  );
}

function whoOf({ creates, isNamesake }: Enrolment): NewFace["as"] {
  if (!creates) return "known";
  return isNamesake ? "any" : "new";
}
