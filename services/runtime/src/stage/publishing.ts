import type { Result } from "@similarfaces/contracts";
import pMap from "p-map";
import { publishResult, publishWork, type ResultPlace } from "../broker/publish.js";
import type { Span } from "../telemetry/tracing.js";
import type { Answer, Failed } from "./computing.js";
import type { PieceEnd } from "./decision.js";
import { factsOf } from "./piece.js";
import type { AnsweredWork, Stage, StageOutput, StageWork } from "./stage.js";
import type { HandlingOptions } from "./stageOptions.js";
import { observeMoments, recordParts } from "./stageSpan.js";

/** Follow-up messages published side by side; more would only queue in the broker's connection. */
const PUBLISHES_AT_ONCE = 8;

/** A piece's result. */
type Outcome<Work extends StageWork> = Answer<Work> | Failed;

export interface Publishing<Work extends StageWork> {
  /** The pieces' results as one, in its place, with all the work that follows from them; how each has ended, in the same order. */
  publish(outcomes: readonly Outcome<Work>[], place: ResultPlace): Promise<PieceEnd[]>;
  /** The work that follows from answers about faces. */
  publishFollowUp(answers: readonly AnsweredWork<Work>[], isSplit: boolean, span: Span): Promise<void>;
}

export function publishingOf<Work extends StageWork>(
  stage: Stage<Work>,
  { broker, metrics, log }: Pick<HandlingOptions, "broker" | "metrics" | "log">,
): Publishing<Work> {
  async function publish(outcomes: readonly Outcome<Work>[], place: ResultPlace): Promise<PieceEnd[]> {
    const [first, ...others] = outcomes;
    if (!first) return [];
    const answers = outcomes.filter(isAnswer);
    const answered = answers.map(({ piece: { work }, output: { outcome, model } }) => ({
      work,
      outcome,
      model,
    }));
    const [{ stored }] = await Promise.all([
      publishResult(broker, withOthers(first.result, others), place),
      publishFollowUp(answered, place.face !== undefined, first.piece.span),
      ...answers.map(({ piece, output }) => publishAll(output.work, piece.span)),
    ]);
    const storedAtMs = Date.now();
    return Promise.all(outcomes.map((outcome) => endOf(outcome, stored, storedAtMs)));
  }

  async function publishFollowUp(
    answers: readonly AnsweredWork<Work>[],
    isSplit: boolean,
    span: Span,
  ): Promise<void> {
    if (answers.length > 0) await publishAll(stage.followUp?.(answers, isSplit), span);
  }

  /** In order, a few at a time: the largest faces' chips are stored first, while the next are being cut. */
  async function publishAll(work: StageOutput["work"], { context }: Span): Promise<void> {
    if (work)
      await pMap(work, (item) => publishWork(broker, item, context), { concurrency: PUBLISHES_AT_ONCE });
  }

  async function endOf(outcome: Outcome<Work>, stored: boolean, storedAtMs: number): Promise<PieceEnd> {
    const { piece } = outcome;
    if (!isAnswer(outcome)) {
      const { failure } = outcome;
      const { code } = failure;
      log.warn(
        { ...factsOf(piece), code, err: failure },
        stored ? "failed" : "failed; an earlier result stays",
      );
      piece.span.fail(code);
      return { outcome: stored ? "failed" : "duplicate", abandoned: true };
    }
    const { output, startedAtMs, finishedAtMs, computing } = outcome;
    // Refused in the place of its group, it may yet be stored in one of its own.
    if (stored) {
      const moments = { queuedAtMs: piece.message.queuedAtMs, startedAtMs, finishedAtMs, storedAtMs };
      observeMoments(metrics, piece.span, stage.name, moments);
      recordParts(piece.span, stage.name, moments, computing);
    }
    await output.beforeAck?.();
    return { outcome: stored ? "done" : "duplicate", afterAck: async () => output.afterAck?.() };
  }

  return { publish, publishFollowUp };
}

function isAnswer<Work extends StageWork>(outcome: Outcome<Work>): outcome is Answer<Work> {
  return "output" in outcome;
}

function withOthers(first: Result, others: readonly { readonly result: Result }[]): Result {
  return others.length === 0 ? first : { ...first, others: others.map(({ result }) => result) };
}
