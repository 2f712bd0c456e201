import { createHash } from "node:crypto";
import sharp from "sharp";
import {
  CHIP_BYTES,
  CHIP_SIDE,
  EnrolWorkSchema,
  EnrolledSchema,
  JPEG_QUALITY,
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
      const { portrait, enrolment } = work;
      if (!enrolment) throw new StageFailure("malformed_message", "a face without its enrolment");
      if (portrait.case === "chip" && portrait.value.length !== CHIP_BYTES)
        throw new StageFailure("malformed_message", "a chip of another size");
      return [work];
    },

    async handle({ jobId, face, embedding, model, portrait, enrolment }) {
      const { identityId, name, consent, source } = enrolment!;
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
        portrait: await portraitOf(portrait),
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

/** JPEG, 144x144, or nothing where the work brought no picture. */
async function portraitOf(portrait: EnrolWork["portrait"]): Promise<Uint8Array> {
  if (portrait.case === "thumbnail") return portrait.value;
  if (portrait.case !== "chip") return new Uint8Array();
  const raw = { width: CHIP_SIDE, height: CHIP_SIDE, channels: 3 as const };
  return sharp(portrait.value, { raw }).jpeg({ quality: JPEG_QUALITY }).toBuffer();
}
