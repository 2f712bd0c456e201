import { ResultSchema, create, resultsOf, type Result } from "@similarfaces/contracts";
import { publishResult, storedResult } from "../broker/publish.js";
import type { PieceEnd } from "./decision.js";
import { identityOf, type ReadPiece } from "./piece.js";
import type { Publishing } from "./publishing.js";
import { backoffMs } from "./retry.js";
import type { AnsweredWork, Stage, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";

/** What is stored on a group's subject. */
interface Taken {
  /** A split, or what was answered about the group before; undefined where the copy that was asked does not have it yet. */
  readonly result: Result | undefined;
  /** The split is this delivery's: nothing can be stored below it. */
  readonly isNew: boolean;
}

export interface Splitting<Work extends StageWork> {
  /**
   * Takes a group's subject by a `split`, so that no answer about the whole group can come any more. Where something is stored there, that
   * stands.
   */
  take(pieces: readonly ReadPiece<Work>[], group: number): Promise<Taken>;
  /** How a face ends that has been answered before, or of which that is not known; undefined where it is to be answered. */
  endOfAnswered(piece: ReadPiece<Work>, group: number, taken: Taken): Promise<PieceEnd | undefined>;
}

export function splittingOf<Work extends StageWork>(
  stage: Stage<Work>,
  { broker }: HandlingOptions,
  { publishFollowUp }: Publishing<Work>,
): Splitting<Work> {
  return {
    async take(pieces, group) {
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
    },

    async endOfAnswered(piece, group, taken) {
      const { message, work } = piece;
      if (!taken.result) {
        const retryInMs = backoffMs(message.attempt, work.deadlineAtMs - Date.now());
        return { outcome: "retried", retryInMs };
      }
      const ofGroup = resultOf(taken.result, piece);
      const earlier = ofGroup ?? (taken.isNew ? undefined : await answeredAlone(piece, group, taken.result));
      if (!earlier) return undefined;
      if (!ofGroup) await publishFollowUp(answered(piece, earlier), true, piece.span);
      return { outcome: "duplicate", ...(earlier.outcome.case === "failure" ? { abandoned: true } : {}) };
    },
  };

  async function answeredAlone(
    piece: ReadPiece<Work>,
    group: number,
    ofGroup: Result,
  ): Promise<Result | undefined> {
    const { jobId, face } = piece;
    const result = await storedResult(broker, jobId, stage.name, group, face);
    if (result || ofGroup.outcome.case === "split") return result;
    // Replicas of the version before there were groups answer each face of a message under the face itself.
    const older = await storedResult(broker, jobId, stage.name, face);
    return older && resultOf(older, piece);
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
