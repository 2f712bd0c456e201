import { ConfigError, type Environment } from "@similarfaces/runtime/settings";
import { readConfig, type SupervisorConfig } from "../supervisor/config.js";

/** The configuration, or undefined after every bad key has been named on standard error. */
export function readConfigOrExplain(env: Environment): SupervisorConfig | undefined {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write("The configuration is not usable:\n");
    for (const problem of error.problems) process.stderr.write(`  ${problem}\n`);
    return undefined;
  }
}
