import { SetupError } from "../setupError.js";
import { outliveReaders } from "../terminal/readers.js";

type Command = (args: string[]) => Promise<number>;

/** Loaded when called: `start` must not wait for what the others need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./start.js")).start,
  dev: async () => (await import("./dev.js")).dev,
  analyze: async () => (await import("./analyze.js")).analyze,
  gallery: async () => (await import("./gallery.js")).gallery,
  keys: async () => (await import("./keys.js")).keys,
  models: async () => (await import("./models.js")).models,
};

/** Runs a command of the command line. @returns the exit code; 2 for a call that makes no sense */
export async function main(verb: string, args: string[]): Promise<number> {
  const command = COMMANDS[verb];
  if (!command) {
    process.stderr.write(`There is no command ${verb}: choose one of ${Object.keys(COMMANDS).join(", ")}.\n`);
    return 2;
  }
  outliveReaders();
  try {
    return await (
      await command()
    )(args);
  } catch (error) {
    if (isUsageError(error)) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    throw inWords(error);
  }
}

/** What parseArgs throws. */
function isUsageError(error: unknown): error is TypeError {
  return (
    error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS")
  );
}

const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of this path is no folder",
  EISDIR: "this is a folder",
  EACCES: "this may not be read or written",
  EROFS: "nothing can be written here",
  ENOSPC: "the disk is full",
};

/** A file that is not there, or may not be had, is no fault of the program's, and needs no stack. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "", path } = error as NodeJS.ErrnoException;
  if (code === "EPIPE") return new SetupError("Nobody reads the output any more.", { cause: error });
  const words = FILE_FAULTS[code];
  return words !== undefined && path !== undefined
    ? new SetupError(`${path}: ${words}`, { cause: error })
    : error;
}
