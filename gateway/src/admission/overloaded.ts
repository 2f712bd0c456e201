import { StageFailure } from "@similarfaces/contracts";

/** `overloaded`, with the time after which it should go better. */
export class Overloaded extends StageFailure {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("overloaded");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
