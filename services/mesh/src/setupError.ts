import { ConfigError } from "@similarfaces/runtime/settings";

/** A problem that a person can mend, in words; printed without a stack. The bootstrap recognises it by its name. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** What `work` resolves to. @throws SetupError in the words of the ConfigError or PackError that it rejects with */
export async function orSetupError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) throw new SetupError(error.message);
    throw error;
  }
}
