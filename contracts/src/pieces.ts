import { fromBinary } from "@bufbuild/protobuf";
import { StageFailure } from "./failure.js";
import {
  EmbeddingWorkSchema,
  FaceWorkSchema,
  type EmbeddingWork,
  type FaceChip,
  type FaceWork,
  type Probe,
} from "./gen/similarfaces/v2/work_pb.js";
import { chipBytes, isChipSide } from "./stages.js";

/** One face of a FaceWork message, with the fields that the message has for all of them. */
export interface ChipPiece
  extends
    Pick<FaceWork, "jobId" | "deadlineAtMs" | "stages" | "options" | "chipSide">,
    Pick<FaceChip, "face" | "chip" | "portrait"> {
  /** The first face of its message, which names the group (groups.ts). */
  readonly group: number;
}

/** One probe of an EmbeddingWork message, with the fields that the message has for all of them. */
export interface ProbePiece
  extends
    Pick<EmbeddingWork, "jobId" | "deadlineAtMs" | "stages" | "options" | "model" | "isSplit">,
    Pick<Probe, "face" | "embedding"> {
  /** The group of chips that it comes from, by its first face. */
  readonly group: number;
}

/**
 * The faces of a FaceWork message. Chips are views into `data`.
 * @throws StageFailure malformed_message for a message without faces, and for chips of another size
 * @throws Error for bytes that are no such message
 */
export function chipsOfWork(data: Uint8Array): ChipPiece[] {
  const { faces, chipSide, ...rest } = fromBinary(FaceWorkSchema, data);
  const group = faces[0]?.face;
  if (group === undefined) throw new StageFailure("malformed_message", "no face in a message of faces");
  if (!isChipSide(chipSide) || faces.some(({ chip }) => chip.length !== chipBytes(chipSide))) {
    throw new StageFailure("malformed_message", "a chip of another size");
  }
  const { jobId, deadlineAtMs, stages, options } = rest;
  return faces.map(({ face, chip, portrait }) => ({
    jobId,
    deadlineAtMs,
    stages,
    chipSide,
    group,
    face,
    chip,
    ...(portrait ? { portrait } : {}),
    ...(options ? { options } : {}),
  }));
}

/**
 * The probes of an EmbeddingWork message, their bytes unchecked: `embeddingFromBytes` checks them.
 * @throws StageFailure malformed_message for a message without any
 * @throws Error for bytes that are no such message
 */
export function probesOfWork(data: Uint8Array): ProbePiece[] {
  const { probes, jobId, model, deadlineAtMs, stages, options, ...work } = fromBinary(
    EmbeddingWorkSchema,
    data,
  );
  const group = work.group ?? probes[0]?.face;
  if (group === undefined || probes.length === 0)
    throw new StageFailure("malformed_message", "no probe in a message of probes");
  return probes.map(({ face, embedding }) => ({
    jobId,
    deadlineAtMs,
    stages,
    model,
    group,
    isSplit: work.isSplit,
    face,
    embedding,
    ...(options ? { options } : {}),
  }));
}
