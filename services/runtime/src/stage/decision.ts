import { StageFailure, type StageName } from "@similarfaces/contracts";
import { ATTEMPTS_MAX, backoffMs } from "./retry.js";
import type { StageWork } from "./stage.js";

/** What is to be done with a piece of work. */
export type Decision =
  | { do: "handle" }
  /** Its job did not ask for this stage. */
  | { do: "skip" }
  /** It came past its deadline, or was called off there: nothing is published, the view shows its field as expired by itself. */
  | { do: "shed" }
  | { do: "fail"; failure: StageFailure };

/** What is to be done with work whose handler threw. */
export type DecisionOnError =
  | { do: "shed" }
  | { do: "fail"; failure: StageFailure }
  | { do: "retry"; delayMs: number; failure: StageFailure }
  /** Somebody else shall have it, at once. */
  | { do: "handBack" };

/** A delivery that would come again closer to its deadline may come past it, and nobody would hear why it failed. */
const RETRY_ROOM_MS = 500;

/** Before the handler is called. */
export function decide(
  { stages, deadlineAtMs }: StageWork,
  { stage, attempt, nowMs }: { stage: StageName; attempt: number; nowMs: number },
): Decision {
  if (stages && !stages.includes(stage)) return { do: "skip" };
  if (nowMs > deadlineAtMs) return { do: "shed" };
  // The handler is not called: the message may be what ends the process each time.
  if (attempt > ATTEMPTS_MAX) return { do: "fail", failure: new StageFailure("attempts_exhausted") };
  return { do: "handle" };
}

/**
 * After the handler, or the publishing of its answer, has thrown.
 * @param stopping the process ends, and has called off what it was working on
 * @param leftMs until the deadline
 */
export function decideOnError(
  error: unknown,
  { stopping, attempt, leftMs }: { stopping: boolean; attempt: number; leftMs: number },
): DecisionOnError {
  if (stopping) return { do: "handBack" };
  if (leftMs <= 0) return { do: "shed" };
  const failure =
    error instanceof StageFailure ? error : new StageFailure("internal", undefined, { cause: error });
  const delayMs = backoffMs(attempt, leftMs);
  const inTime = delayMs + RETRY_ROOM_MS < leftMs;
  if (!failure.retryable || attempt >= ATTEMPTS_MAX || !inTime) return { do: "fail", failure };
  return { do: "retry", delayMs, failure };
}
