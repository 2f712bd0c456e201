import { StageFailure } from "@similarfaces/contracts";

/** `overloaded`, with the time after which a photo is more likely to be accepted. */
export class Overloaded extends StageFailure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("overloaded");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const made = new Map<number, Overloaded>();

/** One for each time, made once: making the stack trace was the most expensive part of a refused request, and nobody reads it. */
export function overloaded(retryAfterSeconds: number): Overloaded {
  const failure = made.get(retryAfterSeconds) ?? new Overloaded(retryAfterSeconds);
  made.set(retryAfterSeconds, failure);
  return failure;
}
