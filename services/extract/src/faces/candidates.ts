import {
  ImageWorkSchema,
  StageFailure,
  create,
  type Enrolment,
  type ImageWork,
} from "@similarfaces/contracts";
import type { Detection } from "@similarfaces/vision";

/** Of the largest face's size, sqrt(width * height): a face of less is somebody in the background, and not who is enrolled (work.proto). */
const CANDIDATE_SIZE_MIN = 1 / 3;

/** How many of the faces, which come largest first, may be the one to enrol. */
export function candidatesOf(faces: readonly Detection<"image">[], enrolment: Enrolment | undefined): number {
  const [largest] = faces;
  if (!largest || !enrolment || enrolment.largest) return Math.min(1, faces.length);
  const least = sizeOf(largest) * CANDIDATE_SIZE_MIN;
  return faces.filter((face) => sizeOf(face) >= least).length;
}

/** The work as the stages behind get it: `enrol` refuses a face that is one of several. */
export function withCandidates(work: ImageWork, candidates: number): ImageWork {
  const enrolment = work.options?.enrolment;
  if (!enrolment) return work;
  return create(ImageWorkSchema, {
    ...work,
    options: { ...work.options!, enrolment: { ...enrolment, candidates } },
  });
}

/** A failure of a photo to enrol says which it is: others may have been sent with it. */
export function ofPhoto({ options }: ImageWork, error: unknown): unknown {
  const source = options?.enrolment?.source;
  if (!source || !(error instanceof StageFailure)) return error;
  return new StageFailure(error.code, `${source}: ${error.message}`, { cause: error });
}

function sizeOf({ box }: Detection<"image">): number {
  return Math.sqrt(box.width * box.height);
}
