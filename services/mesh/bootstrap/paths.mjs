import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
/** State of the running mesh and what was obtained for it; git ignores it, and it may be deleted. */
export const DATA = process.env.DATA_DIR || `${ROOT}/.data`;

/** What a person can mend, in words; printed without a stack. */
export class SetupError extends Error {
  name = "SetupError";
}
