import { main } from "./commands/main.js";
import { SetupError } from "./setupError.js";

/** `node services/mesh/dist/main.js <verb>`, for a tree that is built and a NATS_SERVER that is named. */
const [verb = "start", ...args] = process.argv.slice(2);
try {
  process.exitCode = await main(verb, args);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}
