import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What is installed: versions, and by the lock file the integrity of each package. */
const LOCKED = fileURLToPath(new URL("../../src/human/locked", import.meta.url));
const LOCK = "package-lock.json";

/**
 * vladmandic/human and what it needs, installed once by npm and kept in ~/.cache/similarfaces: it is no dependency of ours. None of the
 * packages' scripts run.
 * @returns the folder that has its `node_modules`
 * @throws Error in npm's words, as where a package is not the one that is locked
 */
export async function fetchHuman(): Promise<string> {
  const lock = createHash("sha256").update(await readFile(join(LOCKED, LOCK)));
  const cache = join(homedir(), ".cache", "similarfaces", "tools");
  const folder = join(cache, `human-${lock.digest("hex").slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "human-"));
  try {
    await cp(LOCKED, scratch, { recursive: true });
    await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: scratch });
    await rename(scratch, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}
