import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { ROOT, SetupError } from "./paths.mjs";

const LOCK = `${ROOT}/package-lock.json`;
const INSTALLED = `${ROOT}/node_modules/.package-lock.json`;
const STAMP = `${ROOT}/node_modules/.similarfaces-lock`;

/** Runs `npm ci` where node_modules is missing or was made from another lock file. */
export function install() {
  const lock = createHash("sha256").update(readFileSync(LOCK)).digest("hex");
  if (isInstalled(lock)) return;
  console.error("installing packages (once) ...");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (status !== 0)
    throw new SetupError("npm ci failed; see its message above. Is the registry within reach?");
  writeFileSync(STAMP, lock);
}

function isInstalled(lock) {
  if (!existsSync(INSTALLED)) return false;
  if (existsSync(STAMP)) return readFileSync(STAMP, "utf8") === lock;
  // Somebody ran npm by hand: trusted if it was after the lock file changed.
  return statSync(INSTALLED).mtimeMs >= statSync(LOCK).mtimeMs;
}
