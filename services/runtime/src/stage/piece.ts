import type { StageName } from "@similarfaces/contracts";
import type { Delivered } from "./deliveries.js";
import type { Span } from "../telemetry/tracing.js";
import type { StageWork } from "./stage.js";

/** A piece of a message's work, in one delivery of it: a face, or the whole photo. */
export interface Piece {
  readonly stage: StageName;
  readonly jobId: string;
  /** Unset for work on the whole photo. */
  readonly face?: number;
  readonly message: Delivered;
  readonly span: Span;
}

/** One whose message could be read. */
export interface ReadPiece<Work extends StageWork> extends Piece {
  readonly work: Work;
}

/** Whose result it will be. */
export function identityOf({ stage, jobId, face, message: { attempt } }: Piece) {
  return { jobId, stage, attempt, ...(face === undefined ? {} : { face }) };
}

/** The fields of every log line about a piece. */
export function factsOf(piece: Piece) {
  return { ...identityOf(piece), traceId: piece.span.context.traceId };
}

/** Clocks of two machines may disagree by more than the wait; a time never runs backwards within one result. */
export function timingsOf({ message: { queuedAtMs } }: Piece, startedAtMs: number, finishedAtMs: number) {
  const started = Math.max(queuedAtMs, startedAtMs);
  return { queuedAtMs, startedAtMs: started, finishedAtMs: Math.max(started, finishedAtMs) };
}
