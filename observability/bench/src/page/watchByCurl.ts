import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Sends the photo and receives its results as they come, with the program `curl`. @returns milliseconds to the last of them, by curl's own clock
 * @throws Error where there is no curl, or the photo is not taken
 */
export async function watchByCurl(url: string, file: string): Promise<number> {
  const { stdout } = await run("curl", [
    "--silent",
    "--show-error",
    "--fail",
    "--no-buffer",
    "--header",
    "accept: text/event-stream",
    "--data-binary",
    `@${file}`,
    "--output",
    "/dev/null",
    "--write-out",
    "%{time_total}",
    new URL("/v1/jobs", url).href,
  ]);
  return Number(stdout) * 1_000;
}
