// Every npm script starts here, with nothing but Node: what is missing is set up first, then the verb runs.
import { requireNode } from "./node.mjs";

requireNode();
const [verb = "start", ...args] = process.argv.slice(2);
const { install } = await import("./install.mjs");
const { build } = await import("./build.mjs");
const { natsServer } = await import("./natsServer.mjs");

/** The bench stands on the command line's package and so cannot be one of its commands. */
async function run(verb, args) {
  if (verb === "bench") return (await import("../../../observability/bench/dist/mod.js")).bench(args);
  return (await import("../dist/commands/main.js")).main(verb, args);
}

try {
  install();
  switch (verb) {
    case "build":
      await build({ always: true });
      break;
    case "test": {
      await build();
      const { test } = await import("./test.mjs");
      process.exitCode = await test(args, await natsServer());
      break;
    }
    default: {
      await build();
      // Not asked for where a broker elsewhere is named, and not by what needs none.
      if (verb !== "models" && verb !== "keys" && !process.env.NATS_URL)
        process.env.NATS_SERVER = await natsServer();
      // In this process: a second Node would cost as much again as the rest of a warm start.
      process.exitCode = await run(verb, args);
    }
  }
} catch (error) {
  console.error(error instanceof Error && error.name === "SetupError" ? error.message : error);
  process.exitCode = 1;
}
