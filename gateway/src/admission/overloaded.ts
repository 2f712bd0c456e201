import { StageFailure } from "@similarfaces/contracts";

/** `overloaded`, with the time after which it should go better. */
export class Overloaded extends StageFailure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("overloaded");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const made = new Map<number, Overloaded>();

/** One for each time, made once: of a refused request the stack of its failure was the dearest part, and says nothing. */
export function overloaded(retryAfterSeconds: number): Overloaded {
  const failure = made.get(retryAfterSeconds) ?? new Overloaded(retryAfterSeconds);
  made.set(retryAfterSeconds, failure);
  return failure;
}
