import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Program {
  /** All that it has written so far. */
  output(): string;
  /** Resolves with its exit code when it ends, of itself or by this signal. */
  exitCode(signal?: NodeJS.Signals): Promise<unknown>;
}

/** The program, from its compiled form, as a cluster starts it. */
export function startProgram(env: Record<string, string>): Program {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const exited = once(child, "exit");
  return {
    output: () => output,
    async exitCode(signal) {
      if (signal) child.kill(signal);
      return (await exited)[0];
    },
  };
}
