import type { ResultPlace } from "../broker/publish.js";
import { callSignal } from "./callSignal.js";
import { computingOf, type Computed, type Unanswered } from "./computing.js";
import { HANDED_BACK, type PieceEnd } from "./decision.js";
import type { ReadPiece } from "./piece.js";
import type { Publishing } from "./publishing.js";
import type { Leave } from "./room.js";
import type { Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";

/** How pieces of a message are answered: how each of them ends, in their order. */
export type AnswerTogether<Work extends StageWork> = (
  pieces: readonly ReadPiece<Work>[],
  place: ResultPlace,
) => Promise<PieceEnd>[];

/**
 * One result for all that it is given, a photo, a face or a group of them: each waits for room of its own and is handled, and when all have
 * an outcome, these are published in one place. If one of them is to come again, nothing is published, and all do.
 */
export function togetherOf<Work extends StageWork>(
  stage: Stage<Work>,
  options: HandlingOptions,
  { publish }: Publishing<Work>,
): AnswerTogether<Work> {
  const { room, stop } = options;
  const { compute, afterError } = computingOf(stage, options);

  return function answerTogether(pieces, place) {
    const ends = answer(pieces, place);
    return pieces.map(async (_, index) => (await ends)[index]!);
  };

  async function answer(pieces: readonly ReadPiece<Work>[], place: ResultPlace): Promise<PieceEnd[]> {
    const call = callSignal(stop, pieces[0]!.work.deadlineAtMs);
    let underWay = pieces.length;
    let leaveLast: Leave | undefined;
    try {
      return await settle(await Promise.all(pieces.map(inRoom)), place, call.signal);
    } finally {
      call.release();
      leaveLast?.();
    }

    /** All but the last give their places back at once, or those that wait for each other might have them all; its place is kept until all is published. */
    async function inRoom(piece: ReadPiece<Work>): Promise<Computed<Work>> {
      const leave = await room.enter(stage.weightOf?.(piece.work) ?? 1);
      const computed = leave ? await compute(piece, call.signal) : { end: HANDED_BACK };
      if (--underWay > 0) leave?.();
      else leaveLast = leave;
      return computed;
    }
  }

  async function settle(
    computed: readonly Computed<Work>[],
    place: ResultPlace,
    signal: AbortSignal,
  ): Promise<PieceEnd[]> {
    try {
      return await publishUnlessAgain(computed, place);
    } catch (error) {
      const after = computed.map((each) =>
        isUnanswered(each) ? each : afterError(each.piece, error, signal),
      );
      return publishUnlessAgain(after, place);
    }
  }

  async function publishUnlessAgain(
    computed: readonly Computed<Work>[],
    place: ResultPlace,
  ): Promise<PieceEnd[]> {
    const delaysMs = computed.flatMap((each) => (isUnanswered(each) ? (each.end.retryInMs ?? []) : []));
    if (delaysMs.length > 0) {
      const again: PieceEnd = { outcome: "retried", retryInMs: Math.min(...delaysMs) };
      return computed.map(() => again);
    }
    const outcomes = computed.flatMap((each) => (isUnanswered(each) ? [] : [each]));
    const published = await publish(outcomes, place);
    return computed.map((each) => (isUnanswered(each) ? each.end : published.shift()!));
  }
}

function isUnanswered<Work extends StageWork>(computed: Computed<Work>): computed is Unanswered {
  return "end" in computed;
}
