import { ResultSchema, create, resultsOf, type Result } from "@similarfaces/contracts";
import { publishResult, storedResult } from "../broker/publish.js";
import { SHED, decide, type PieceEnd } from "./decision.js";
import { identityOf, type ReadPiece } from "./piece.js";
import type { Publishing } from "./publishing.js";
import { backoffMs } from "./retry.js";
import type { AnsweredWork, Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import type { AnswerTogether } from "./together.js";

/** How the pieces of a group that has to be split are answered. */
export type AnswerSingly<Work extends StageWork> = (
  pieces: readonly ReadPiece<Work>[],
  group: number,
) => Promise<PieceEnd>[];

/** What is stored on a group's subject. */
interface Taken {
  /** A split, or what was answered about the group before; undefined where the copy that was asked does not have it yet. */
  readonly result: Result | undefined;
  /** The split is this delivery's: nothing can be stored below it. */
  readonly isNew: boolean;
}

/**
 * A group that has been delivered before. First its subject is taken by a `split`, so that an answer about the whole group can not come any
 * more; where there is one already, it stands. Then each face that has no result is handled and answered in a place of its own, one after
 * the other: a face that ends its process every time leaves the others answered.
 */
export function singlyOf<Work extends StageWork>(
  stage: Stage<Work>,
  { broker }: HandlingOptions,
  { publishFollowUp }: Publishing<Work>,
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
    let before: Promise<unknown> = taking;
    for (const piece of inTurn) {
      const end = before.catch(() => {}).then(async () => answerOne(piece, group, await taking));
      ends.set(piece, end);
      before = end;
    }
    return pieces.map((piece) => ends.get(piece)!);
  };

  async function take(pieces: readonly ReadPiece<Work>[], group: number): Promise<Taken> {
    const [first] = pieces as [ReadPiece<Work>];
    const split = create(ResultSchema, {
      ...identityOf(first),
      face: group,
      outcome: { case: "split", value: {} },
    });
    const { stored } = await publishResult(broker, split, { group });
    if (stored) return { result: split, isNew: true };
    const result = await storedResult(broker, first.jobId, stage.name, group);
    // Who answered may have ended before all that follows from it was stored.
    const answers = result ? pieces.flatMap((piece) => answered(piece, resultOf(result, piece))) : [];
    await publishFollowUp(answers, false, first.span);
    return { result, isNew: false };
  }

  async function answerOne(
    piece: ReadPiece<Work>,
    group: number,
    { result, isNew }: Taken,
  ): Promise<PieceEnd> {
    const { jobId, face, message, work } = piece;
    if (!result) {
      const retryInMs = backoffMs(message.attempt, work.deadlineAtMs - Date.now());
      return { outcome: "retried", retryInMs };
    }
    const ofGroup = resultOf(result, piece);
    const earlier =
      ofGroup ?? (isNew ? undefined : await storedResult(broker, jobId, stage.name, group, face));
    if (!earlier) return answerTogether([piece], { group, face: face! })[0]!;
    if (!ofGroup) await publishFollowUp(answered(piece, earlier), true, piece.span);
    return { outcome: "duplicate", ...(earlier.outcome.case === "failure" ? { abandoned: true } : {}) };
  }
}

/** What a stored result of a group, or of one face, says of the piece's face. */
function resultOf(stored: Result, { face }: ReadPiece<StageWork>): Result | undefined {
  return resultsOf(stored).find((result) => result.face === face);
}

function answered<Work extends StageWork>(
  { work }: ReadPiece<Work>,
  result: Result | undefined,
): AnsweredWork<Work>[] {
  if (!result || result.outcome.case === undefined || result.outcome.case === "failure") return [];
  return [{ work, outcome: result.outcome, model: result.model }];
}
