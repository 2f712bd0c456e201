import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { CACHE, SetupError } from "./paths.mjs";

/** The oldest whose JetStream does all that the contracts ask for. */
const OLDEST = "2.9.10";
const TOOLS = `${CACHE}/tools`;
const CACHED = `${TOOLS}/nats-server`;

const RELEASE = "2.11.6";
/** Of the official Linux archives, as the official image pins them (github.com/nats-io/nats-docker, 2.11.x). */
const ARCHIVES = {
  "linux-x64": { arch: "amd64", sha256: "5e5272dd1bdb8da020aedc8cf883fb26c128441809a992f156e0b1ccb28ac5b7" },
  "linux-arm64": {
    arch: "arm64",
    sha256: "4fe3c40bddc58e31012f55865df0dcd24012995d2893a4d64a0ae5cb147d7a36",
  },
};
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The path of a nats-server that is new enough: NATS_SERVER, PATH and /usr/sbin, our own cache, the official release, the
 * distribution's package without installing it. The first that serves is used.
 * @throws SetupError with the three ways to mend it
 */
export async function natsServer() {
  const named = process.env.NATS_SERVER;
  if (named) {
    const version = versionOf(named);
    if (version && !isOlder(version, OLDEST)) return named;
    throw new SetupError(
      version
        ? `NATS_SERVER names nats-server ${version}; ${OLDEST} or later is needed.`
        : `NATS_SERVER names ${named}, which is no nats-server.`,
    );
  }
  const there = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].map((dir) =>
    join(dir, "nats-server"),
  );
  const found = [...there, CACHED].find((path) => existsSync(path) && isUsable(path));
  if (found) return found;
  mkdirSync(TOOLS, { recursive: true });
  const problems = [];
  for (const obtain of [fromRelease, fromDebian]) {
    try {
      const path = await obtain();
      if (path && isUsable(path)) return path;
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new SetupError(
    [
      `A nats-server (${OLDEST} or later) is needed and could not be obtained (${problems.join("; ")}). Any of these mends it:`,
      "  1. install it: apt install nats-server, brew install nats-server, or go install github.com/nats-io/nats-server/v2@latest;",
      "  2. put the binary of https://github.com/nats-io/nats-server/releases on the PATH;",
      "  3. set NATS_SERVER to the path of one.",
    ].join("\n"),
  );
}

export function isOlder(version, oldest) {
  const [a, b] = [version, oldest].map((text) => text.split("-")[0].split(".").map(Number));
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

function isUsable(path) {
  const version = versionOf(path);
  return version !== undefined && !isOlder(version, OLDEST);
}

function versionOf(path) {
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return /^nats-server: v?(\d+\.\d+\.\d+\S*)/m.exec(stdout ?? "")?.[1];
}

async function fromRelease() {
  const archive = ARCHIVES[`${process.platform}-${process.arch}`];
  if (!archive) throw new Error(`no pinned release for ${process.platform} on ${process.arch}`);
  const name = `nats-server-v${RELEASE}-linux-${archive.arch}`;
  console.error(`fetching nats-server ${RELEASE} ...`);
  const bytes = await download(
    `https://github.com/nats-io/nats-server/releases/download/v${RELEASE}/${name}.tar.gz`,
  );
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== archive.sha256)
    throw new Error(`the release archive's SHA-256 is ${digest}, not the pinned one`);
  return inScratch((dir) => {
    writeFileSync(`${dir}/archive.tar.gz`, bytes);
    must("tar", ["-xzf", "archive.tar.gz"], dir);
    return `${dir}/${name}/nats-server`;
  });
}

/** Gives up after 5 s without an answer; once bytes flow, after a minute. */
async function download(url) {
  const abort = new AbortController();
  const connecting = setTimeout(() => abort.abort(), CONNECT_TIMEOUT_MS);
  const whole = setTimeout(() => abort.abort(), 60_000);
  try {
    const response = await fetch(url, { signal: abort.signal });
    clearTimeout(connecting);
    if (!response.ok) throw new Error(`the release answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new Error(
      abort.signal.aborted ? "the release did not answer in time" : `the release: ${error.message}`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(connecting);
    clearTimeout(whole);
  }
}

/** Debian's and Ubuntu's package, unpacked: it needs only libc, so nothing has to be installed and nobody to be root. */
function fromDebian() {
  if (!existsSync("/usr/bin/apt-get")) throw new Error("this is no Debian or Ubuntu");
  console.error("unpacking nats-server from the distribution's package ...");
  const lists = existsSync("/var/lib/apt/lists") ? readdirSync("/var/lib/apt/lists") : [];
  const hasLists = lists.some((name) => name.includes("_Packages"));
  if (!hasLists && process.getuid?.() === 0) must("apt-get", ["update", "-qq"], "/");
  return inScratch((dir) => {
    // apt's own sandbox user may not write here; as root it says so in a warning and goes on.
    must("apt-get", ["download", "-qq", "nats-server"], dir);
    const deb = readdirSync(dir).find((name) => name.endsWith(".deb"));
    if (!deb) throw new Error("apt-get download left no package");
    must("dpkg-deb", ["-x", deb, "unpacked"], dir);
    return ["usr/sbin", "usr/bin"].map((bin) => `${dir}/unpacked/${bin}/nats-server`).find(existsSync);
  });
}

/** Runs in a folder of its own; the binary it returns is moved into the cache in one step. */
function inScratch(obtain) {
  const dir = mkdtempSync(`${TOOLS}/obtain-`);
  try {
    chmodSync(dir, 0o777);
    const binary = obtain(dir);
    if (!binary) throw new Error("the package has no nats-server");
    copyFileSync(binary, `${CACHED}.new`);
    chmodSync(`${CACHED}.new`, 0o755);
    renameSync(`${CACHED}.new`, CACHED);
    return CACHED;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function must(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${command} failed: ${(error?.message ?? stderr ?? "").trim().split("\n")[0]}`);
}
