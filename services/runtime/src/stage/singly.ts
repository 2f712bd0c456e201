import { SHED, decide, type PieceEnd } from "./decision.js";
import { endsInTime } from "./patience.js";
import type { ReadPiece } from "./piece.js";
import type { Splitting } from "./splitting.js";
import type { StageWork } from "./stage.js";
import type { AnswerTogether } from "./together.js";

/** How the pieces of a group that has to be split are answered. */
export type AnswerSingly<Work extends StageWork> = (
  pieces: readonly ReadPiece<Work>[],
  group: number,
) => Promise<PieceEnd>[];

/**
 * A group that has been delivered before, or a part of one that has been split. First its subject is taken; then each face that has no
 * result is handled and answered in a place of its own, one after the other: a face that ends its process every time, or never ends, leaves
 * the others answered.
 */
export function singlyOf<Work extends StageWork>(
  { take, endOfAnswered }: Splitting<Work>,
  answerTogether: AnswerTogether<Work>,
): AnswerSingly<Work> {
  return function answerSingly(pieces, group) {
    const { attempt } = pieces[0]!.message;
    const nowMs = Date.now();
    if (pieces.every(({ work }) => decide(work, { attempt, nowMs }).do === "shed"))
      return pieces.map(async () => SHED);
    const taking = take(pieces, group);
    // From either end by turns: a face that ends its process hides nobody behind it for longer than one delivery.
    const inTurn = attempt % 2 === 0 ? pieces : pieces.toReversed();
    const ends = new Map<ReadPiece<Work>, Promise<PieceEnd>>();
    let turn: Promise<unknown> = taking.catch(() => {});
    for (const piece of inTurn) {
      const end = turn.then(
        async () => (await endOfAnswered(piece, group, await taking)) ?? answerOne(piece, group),
      );
      ends.set(piece, end);
      turn = turn.then(() => endsInTime(end, piece.work.deadlineAtMs));
    }
    return pieces.map((piece) => ends.get(piece)!);
  };

  function answerOne(piece: ReadPiece<Work>, group: number): Promise<PieceEnd> {
    return answerTogether([piece], { group, face: piece.face! })[0]!;
  }
}
