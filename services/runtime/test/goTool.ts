import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

/** True where a missing tool is a failure: in CI everything runs. */
export const REQUIRE_ALL = Boolean(process.env["SIMILARFACES_REQUIRE_ALL"]);

/**
 * The path of a Go program, built once by `go install` and kept under ~/.cache/similarfaces/tools; undefined where there is no Go
 * or no module proxy within reach.
 * @throws Error instead, where everything is required
 */
export async function goTool(path: string, version: string): Promise<string | undefined> {
  const name = basename(path);
  const folder = join(homedir(), ".cache", "similarfaces", "tools", `${name}-${version}`);
  const binary = join(folder, name);
  if (existsSync(binary)) return binary;
  try {
    mkdirSync(folder, { recursive: true });
    await promisify(execFile)("go", ["install", `${path}@${version}`], {
      env: {
        ...process.env,
        PATH: `${process.env["PATH"]}:/usr/local/go/bin`,
        GOBIN: folder,
        CGO_ENABLED: "0",
        GOFLAGS: "-buildvcs=false",
      },
      timeout: 580_000,
    });
    return binary;
  } catch (cause) {
    if (REQUIRE_ALL) throw new Error(`${name} ${version} could not be built`, { cause });
    return undefined;
  }
}
