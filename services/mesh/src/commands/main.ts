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
  return (await command())(args);
}
