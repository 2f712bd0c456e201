import { isStageName, type ResultEvent, type StageName } from "@similarfaces/contracts";
import type { StageStatus } from "@similarfaces/contracts/api";

/** Answers in it are counted. */
const WINDOW_MS = 60_000;
/** Answers kept per stage; enough for a median. */
const ANSWERS_MAX = 512;
/** The models of the last answers are those in use. */
const LATEST = 64;

/** The part of a stage's status that its results tell. */
export type StageTimes = Pick<StageStatus, "stage" | "answers" | "waitMs" | "computeMs" | "models">;

interface Answer {
  atMs: number;
  model: string;
  waitMs: number;
  computeMs: number;
}

/** How long work waited and was computed per stage in the last minute, by the timings of results of jobs that this gateway follows. */
export class StageClock {
  readonly #answers = new Map<StageName, Answer[]>();

  record({ stage, timings, model }: ResultEvent, nowMs: number): void {
    if (!timings || !isStageName(stage)) return;
    const answers = this.#answers.get(stage) ?? [];
    this.#answers.set(stage, answers);
    const { queuedAtMs, startedAtMs, finishedAtMs } = timings;
    answers.push({
      atMs: nowMs,
      model,
      waitMs: startedAtMs - queuedAtMs,
      computeMs: finishedAtMs - startedAtMs,
    });
    if (answers.length > ANSWERS_MAX) answers.shift();
  }

  timesOf(stage: StageName, nowMs: number): StageTimes {
    const answers = this.#answers.get(stage) ?? [];
    const recent = answers.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    return {
      stage,
      answers: recent.length,
      waitMs: median(recent.map(({ waitMs }) => waitMs)),
      computeMs: median(recent.map(({ computeMs }) => computeMs)),
      models: [...new Set(answers.slice(-LATEST).map(({ model }) => model))].filter((model) => model !== ""),
    };
  }
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return Math.round(value * 10) / 10;
}
