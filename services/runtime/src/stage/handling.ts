import { StageFailure, parseWorkSubject } from "@similarfaces/contracts";
import { traceOfHeaders } from "../telemetry/traceHeaders.js";
import { TRACING_OFF } from "../telemetry/tracing.js";
import { answeringOf } from "./answering.js";
import { HANDED_BACK, SKIPPED, endingOf, isAskedFor, readPieces, type PieceEnd } from "./decision.js";
import type { Delivered } from "./deliveries.js";
import { failingOf } from "./failing.js";
import { factsOf, type Piece } from "./piece.js";
import type { Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import { secondsBetween, startStageSpan } from "./stageSpan.js";

/** A message that the loop holds. */
export interface InFlight {
  readonly message: Delivered;
  /** Until when the loop sends `working`, milliseconds since the epoch. */
  untilMs: number;
}

interface EndedPiece {
  readonly piece: Piece;
  readonly end: PieceEnd;
}

/**
 * What is done with each delivery: its pieces are read, each waits for room of its own and is answered on a subject of its own, and when
 * all have ended the message is acknowledged, handed back or terminated.
 * @returns how many pieces it carries; `ended` never rejects
 */
export function handlingOf<Work extends StageWork>(
  stage: Stage<Work>,
  options: HandlingOptions,
): (held: InFlight) => { pieces: number; ended: Promise<void> } {
  const { broker, log, metrics, room, tracing = TRACING_OFF } = options;
  const failing = failingOf({ broker, log });
  const settle = answeringOf(stage, options, failing);

  return function handleDelivery(held) {
    const { message } = held;
    const { attempt, queuedAtMs } = message;
    const subject = parseWorkSubject(message.subject);
    if (!subject) {
      log.error({ stage: stage.name, subject: message.subject }, "work on a subject of no known form");
      metrics.stageMessages.inc({ stage: stage.name, outcome: "failed" });
      message.term();
      return { pieces: 0, ended: Promise.resolve() };
    }
    // Read before anything waits: headers are decoded from the receive buffer.
    const parent = traceOfHeaders(message.headers);
    if (attempt > 1) metrics.stageRedeliveries.inc({ stage: stage.name });
    metrics.stageFetch.observe({ stage: stage.name }, secondsBetween(queuedAtMs, Date.now()), parent);
    const pieceOf = ({ jobId, face }: Pick<StageWork, "jobId" | "face">): Piece => ({
      stage: stage.name,
      jobId,
      ...(face === undefined ? {} : { face }),
      message,
      span: startStageSpan(tracing, { stage: stage.name, jobId, face, queuedAtMs, parent }),
    });
    const read = readPieces(stage, subject.jobId, message.data);
    if (read instanceof StageFailure) {
      const piece = pieceOf(subject);
      const failed = endPiece(piece, () => inRoom(1, () => failing.fail(piece, read)));
      return { pieces: 1, ended: conclude(message, [failed]) };
    }
    // Not beyond it: a handler that hangs must not keep the message in its stream.
    held.untilMs = Math.max(0, ...read.map(({ deadlineAtMs }) => deadlineAtMs));
    const pieces = read.map((work) => {
      const piece = pieceOf(work);
      return endPiece(piece, async () => {
        if (!isAskedFor(work, stage.name)) return SKIPPED;
        return inRoom(stage.weightOf?.(work) ?? 1, () => settle(piece, work));
      });
    });
    return { pieces: pieces.length, ended: conclude(message, pieces) };
  };

  async function inRoom(weight: number, work: () => Promise<PieceEnd>): Promise<PieceEnd> {
    const leave = await room.enter(weight);
    if (!leave) return HANDED_BACK;
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** @returns undefined where its result could not be published */
  async function endPiece(piece: Piece, work: () => Promise<PieceEnd>): Promise<EndedPiece | undefined> {
    const { span, message } = piece;
    try {
      const end = await work();
      const { outcome } = end;
      if (span.recording)
        span.set({ "similarfaces.outcome": outcome, "similarfaces.attempt": message.attempt });
      metrics.stageMessages.inc({ stage: stage.name, outcome });
      return { piece, end };
    } catch (err) {
      log.error({ ...factsOf(piece), err }, "a delivery could not be ended");
      return undefined;
    } finally {
      span.end();
    }
  }

  /** When all pieces have ended. Where one has not, the message stays unacknowledged and comes again. */
  async function conclude(
    message: Delivered,
    pieces: readonly Promise<EndedPiece | undefined>[],
  ): Promise<void> {
    const all = await Promise.all(pieces);
    if (!all.every((piece) => piece !== undefined)) return;
    const ending = endingOf(all.map(({ end }) => end));
    if (ending.do === "nak") return message.nak(ending.delayMs);
    if (ending.do === "ack") message.ack();
    // Plain: nats-server 2.9 ignores a term with a reason, and the message would come again.
    else message.term();
    await Promise.all(all.map(afterwards));
  }

  async function afterwards({ piece, end }: EndedPiece): Promise<void> {
    const { jobId, face } = piece;
    if (end.abandoned) {
      await stage
        .abandon?.(jobId, face)
        .catch((err: unknown) =>
          log.warn(
            { ...factsOf(piece), err },
            "what the job left could not be deleted; it expires by itself",
          ),
        );
    }
    await end.afterAck?.().catch((err: unknown) => log.warn({ ...factsOf(piece), err }, "after the answer"));
  }
}
