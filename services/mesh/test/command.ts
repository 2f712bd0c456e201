import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { natsServerPath } from "../../runtime/test/natsServer.js";

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Ended> {
  const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** `npm run <verb>` on a data folder, without the setting up. */
export function command(
  dataDir: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const mesh = { NATS_SERVER: natsServerPath(), DATA_DIR: dataDir, PORT: "0", SAMPLE_GALLERY: "false" };
  return run(process.execPath, [MAIN, ...args], { ...process.env, ...mesh, ...env });
}
