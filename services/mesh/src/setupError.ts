/** What a person can mend, in words; printed without a stack. The bootstrap knows it by its name. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
