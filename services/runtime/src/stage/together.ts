import type { ResultPlace } from "../broker/publish.js";
import { callSignal } from "./callSignal.js";
import type { Computed, Computing } from "./computing.js";
import { HANDED_BACK, type PieceEnd } from "./decision.js";
import { endsInTime } from "./patience.js";
import type { ReadPiece } from "./piece.js";
import type { Leave } from "./room.js";
import type { Settle } from "./settling.js";
import type { Splitting } from "./splitting.js";
import type { Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";

/** How pieces of a message are answered: how each of them ends, in their order. */
export type AnswerTogether<Work extends StageWork> = (
  pieces: readonly ReadPiece<Work>[],
  place: ResultPlace,
) => Promise<PieceEnd>[];

/**
 * One result for all that it is given, a photo, a face or a group of faces: each waits for room of its own and is handled, and when all have
 * ended, what they have is published in one place. A group of which one takes too long is split, and each of it answered as it ends; so is one
 * whose place is taken.
 */
export function togetherOf<Work extends StageWork>(
  stage: Stage<Work>,
  { room, stop }: HandlingOptions,
  { compute }: Computing<Work>,
  settle: Settle<Work>,
  { take, endOfAnswered }: Splitting<Work>,
): AnswerTogether<Work> {
  return function answerTogether(pieces, place) {
    const { deadlineAtMs } = pieces[0]!.work;
    const call = callSignal(stop, deadlineAtMs);
    let underWay = pieces.length;
    let leaveLast: Leave | undefined;
    const computing = pieces.map(inRoom);
    const whole = settleInTime();
    let taking: ReturnType<typeof take> | undefined;
    const ends = pieces.map(async (piece, index) => {
      return (await whole)?.[index] ?? answerLate(piece, await computing[index]!);
    });
    void Promise.allSettled(ends).then(() => {
      call.release();
      leaveLast?.();
    });
    return ends;

    /** All but the last give their places back at once, or faces that wait for each other might have them all; its place is kept until all is published. */
    async function inRoom(piece: ReadPiece<Work>): Promise<Computed<Work>> {
      const leave = await room.enter(stage.weightOf?.(piece.work) ?? 1);
      try {
        return leave ? await compute(piece, call.signal) : { end: HANDED_BACK };
      } finally {
        if (--underWay > 0) leave?.();
        else leaveLast = leave;
      }
    }

    /** @returns undefined where a group has waited for long enough, or its place is taken */
    async function settleInTime(): Promise<PieceEnd[] | undefined> {
      const all = Promise.all(computing);
      if (pieces.length > 1 && !(await endsInTime(all, deadlineAtMs))) return undefined;
      const ends = await settle(await all, place, call.signal);
      const isOfGroup = place.group !== undefined && place.face === undefined;
      // By who has split it, perhaps, and may not have answered all of it yet: the message must not end before that.
      return isOfGroup && ends.some(({ outcome }) => outcome === "duplicate") ? undefined : ends;
    }

    async function answerLate(piece: ReadPiece<Work>, computed: Computed<Work>): Promise<PieceEnd> {
      const group = place.group!;
      const taken = await (taking ??= take(pieces, group));
      const earlier = await endOfAnswered(piece, group, taken);
      return earlier ?? (await settle([computed], { group, face: piece.face! }, call.signal))[0]!;
    }
  };
}
