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
    Pick<FaceChip, "face" | "chip" | "portrait"> {}

/** One probe of an EmbeddingWork message, with the fields that the message has for all of them. */
export interface ProbePiece
  extends
    Pick<EmbeddingWork, "jobId" | "deadlineAtMs" | "stages" | "options" | "model">,
    Pick<Probe, "face" | "embedding"> {}

/**
 * The faces of a FaceWork message. Chips are views into `data`.
 * @throws StageFailure malformed_message for a message without faces, and for chips of another size
 * @throws Error for bytes that are no such message
 */
export function chipsOfWork(data: Uint8Array): ChipPiece[] {
  const { faces, chipSide, ...rest } = fromBinary(FaceWorkSchema, data);
  if (faces.length === 0) throw new StageFailure("malformed_message", "no face in a message of faces");
  if (!isChipSide(chipSide) || faces.some(({ chip }) => chip.length !== chipBytes(chipSide))) {
    throw new StageFailure("malformed_message", "a chip of another size");
  }
  const { jobId, deadlineAtMs, stages, options } = rest;
  return faces.map(({ face, chip, portrait }) => ({
    jobId,
    deadlineAtMs,
    stages,
    chipSide,
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
  const { probes, jobId, model, deadlineAtMs, stages, options } = fromBinary(EmbeddingWorkSchema, data);
  if (probes.length === 0) throw new StageFailure("malformed_message", "no probe in a message of probes");
  return probes.map(({ face, embedding }) => ({
    jobId,
    deadlineAtMs,
    stages,
    model,
    face,
    embedding,
    ...(options ? { options } : {}),
  }));
}
