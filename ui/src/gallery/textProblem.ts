import { StageFailure } from "@similarfaces/contracts/failure";

/** What is wrong with a text by the gallery's own check, in words; undefined where nothing is. */
export function textProblem(check: () => string): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof StageFailure) return error.message;
    throw error;
  }
}
