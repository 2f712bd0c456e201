import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
/** What was built and obtained for this tree, whatever DATA_DIR says of a mesh's state; git ignores it, and it may be deleted. */
export const CACHE = `${ROOT}/.data`;

/** What a person can mend, in words; printed without a stack. */
export class SetupError extends Error {
  name = "SetupError";
}
