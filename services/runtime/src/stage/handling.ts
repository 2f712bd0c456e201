import { StageFailure, parseWorkSubject } from "@similarfaces/contracts";
import { traceOfHeaders } from "../telemetry/traceHeaders.js";
import { TRACING_OFF } from "../telemetry/tracing.js";
import { computingOf, failed } from "./computing.js";
import { HANDED_BACK, SKIPPED, endingOf, isAskedFor, readPieces, type PieceEnd } from "./decision.js";
import type { Delivered } from "./deliveries.js";
import { factsOf, type Piece, type ReadPiece } from "./piece.js";
import { publishingOf } from "./publishing.js";
import { settlingOf } from "./settling.js";
import { singlyOf } from "./singly.js";
import { splittingOf } from "./splitting.js";
import type { Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import { secondsBetween, startStageSpan } from "./stageSpan.js";
import { togetherOf } from "./together.js";

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
 * What is done with each delivery: its pieces are read and answered, together at first, one by one when they have to come again, and when all
 * have ended the message is acknowledged, handed back or terminated.
 * @returns how many pieces it carries; `ended` never rejects
 */
export function handlingOf<Work extends StageWork>(
  stage: Stage<Work>,
  options: HandlingOptions,
): (held: InFlight) => { pieces: number; ended: Promise<void> } {
  const { log, metrics, room, tracing = TRACING_OFF } = options;
  const publishing = publishingOf(stage, options);
  const splitting = splittingOf(stage, options, publishing);
  const computing = computingOf(stage, options);
  const settle = settlingOf(computing, publishing);
  const answerTogether = togetherOf(stage, options, computing, settle, splitting);
  const answerSingly = singlyOf(splitting, answerTogether);

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
      return { pieces: 1, ended: conclude(message, [endPiece(piece, refuse(piece, read))]) };
    }
    // Not beyond it: a handler that hangs must not keep the message in its stream.
    held.untilMs = Math.max(0, ...read.map(({ deadlineAtMs }) => deadlineAtMs));
    const pieces = read.map((work) => ({ ...pieceOf(work), work }));
    const ends = answer(pieces);
    return {
      pieces: pieces.length,
      ended: conclude(
        message,
        pieces.map((piece, index) => endPiece(piece, ends[index]!)),
      ),
    };
  };

  function answer(pieces: readonly ReadPiece<Work>[]): Promise<PieceEnd>[] {
    const [first] = pieces;
    if (!first) return [];
    const { work, message } = first;
    if (!isAskedFor(work, stage.name)) return pieces.map(async () => SKIPPED);
    const group = work.group ?? work.face;
    if (group === undefined) return answerTogether(pieces, {});
    if (work.isSplit || (pieces.length > 1 && message.attempt > 1)) return answerSingly(pieces, group);
    return answerTogether(pieces, { group });
  }

  /** A message that cannot be read: the face that its subject names stands for it. */
  async function refuse(piece: Piece, failure: StageFailure): Promise<PieceEnd> {
    const leave = await room.enter(1);
    if (!leave) return HANDED_BACK;
    try {
      const place = piece.face === undefined ? {} : { group: piece.face };
      return (await publishing.publish([failed(piece, failure)], place))[0]!;
    } finally {
      leave();
    }
  }

  /** @returns undefined where its result could not be published */
  async function endPiece(piece: Piece, ending: Promise<PieceEnd>): Promise<EndedPiece | undefined> {
    const { span, message } = piece;
    try {
      const end = await ending;
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
