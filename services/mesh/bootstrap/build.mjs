import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { CACHE, ROOT, SetupError } from "./paths.mjs";

const STAMP = `${CACHE}/build.sha256`;
const LOCK = `${CACHE}/build.lock`;
const SOURCES = [
  "contracts",
  "services",
  "gateway",
  "ui",
  "models/evaluate",
  "observability/load",
  "observability/bench",
];
const PASSED_OVER = new Set(["node_modules", "dist", "gen", "test", "bootstrap", "screenshots"]);

/**
 * Builds what is stale: the types of messages and public API, all TypeScript, the page. Fresh is what has the size and time of every source
 * that the last build saw, which costs a few milliseconds to know.
 */
export async function build({ always = false } = {}) {
  mkdirSync(CACHE, { recursive: true });
  if (!always && isFresh()) return;
  await withLock(() => {
    // Another process may have built while this one waited.
    if (!always && isFresh()) return;
    const before = fingerprint();
    console.error("building ...");
    run(tool("buf"), ["generate"], `${ROOT}/contracts`);
    run(process.execPath, ["generateApi.mjs"], `${ROOT}/contracts`);
    run(tool("tsc"), ["-b"], ROOT);
    run(tool("vite"), ["build", "--logLevel", "warn"], `${ROOT}/ui`);
    writeFileSync(STAMP, before);
  });
}

function isFresh() {
  return (
    existsSync(STAMP) &&
    existsSync(`${ROOT}/services/mesh/dist/mod.js`) &&
    existsSync(`${ROOT}/ui/dist/site/index.html`) &&
    readFileSync(STAMP, "utf8") === fingerprint()
  );
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of [
    ...SOURCES.flatMap((folder) => filesUnder(join(ROOT, folder))),
    `${ROOT}/tsconfig.json`,
  ]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (PASSED_OVER.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
  });
}

function tool(name) {
  return `${ROOT}/node_modules/.bin/${name}`;
}

function run(program, args, cwd) {
  const { status, error } = spawnSync(program, args, {
    cwd,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && program !== process.execPath,
  });
  if (status !== 0) {
    const call = [basename(program), ...args].join(" ");
    throw new SetupError(`${call} failed${error ? `: ${error.message}` : ""}`);
  }
}

/** Two builds at once would read each other's half-written files. A lock whose owner has died is taken over. */
async function withLock(work) {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (!isAlive(Number(readFileSync(LOCK, "utf8")))) rmSync(LOCK, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
