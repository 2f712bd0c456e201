import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "../setupError.js";

const ROOT = resolve(fileURLToPath(new URL("../../../..", import.meta.url)));

/**
 * A path counts from where the person stands. npm runs its scripts in the repository's folder, and says in INIT_CWD where it was called; whoever
 * calls a program from another folder stands there.
 */
export function fromHere(path: string): string {
  return resolve(hereFolder(), path);
}

/** The folder that relative paths count from. */
export function hereFolder(): string {
  const { INIT_CWD } = process.env;
  return INIT_CWD && process.cwd() === ROOT ? INIT_CWD : process.cwd();
}

/**
 * Of a file that is written when all else is done.
 * @throws SetupError where it cannot be, so that nothing is done for it
 */
export async function checkPlaceOf(path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => undefined);
  if (!folder?.isDirectory()) throw new SetupError(`${path}: there is no such folder`);
  const file = await stat(path).catch(() => undefined);
  if (file?.isDirectory()) throw new SetupError(`${path}: this is a folder`);
}

/** A pack by its name as it is, by a path with a slash from here. */
export function packFromHere(pack: string): string {
  return pack.includes("/") ? fromHere(pack) : pack;
}

/**
 * Arguments for parseArgs in which "-x.jpg" is a file, for npm keeps the "--" that is to say so to itself. Options have two dashes, but for -h.
 */
export function dashedFilesLast(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const [before, after] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const isFile = (arg: string) => /^-[^-]/.test(arg) && arg !== "-h";
  return [...before.filter((arg) => !isFile(arg)), "--", ...before.filter(isFile), ...after];
}
