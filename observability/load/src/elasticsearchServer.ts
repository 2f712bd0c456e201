import { spawn, type ChildProcess } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elasticsearchHome, javaHome, modulesOf } from "./elasticsearchPrograms.js";

/** A real Elasticsearch of one node on loopback, with a data folder of its own that goes when it stops. */
export interface ElasticsearchServer {
  readonly url: string;
  readonly version: string;
  readonly startedInMs: number;
  /** Resident memory of the server's Java process, in bytes; 0 where /proc does not tell. */
  memoryBytes(): number;
  /** SIGKILL, as a crash; the data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ElasticsearchServerOptions {
  version?: string;
  heapMb?: number;
  /** Further options of Java. */
  java?: string;
  /** Further lines of elasticsearch.yml. */
  settings?: Record<string, string | boolean>;
  /** Further files of the folder of configuration. */
  files?: Record<string, string>;
}

/** The newest tried. */
const VERSION = "9.4.3";
/** The newest that runs without the module jdk.jdi, which trimmed runtimes lack. */
const VERSION_ON_TRIMMED_JAVA = "9.0.8";
const START_TIMEOUT_MS = 120_000;
/** It refuses to run as root; nobody owns its folders then. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/**
 * The official minimal distribution from Maven Central on the newest Java there is, both kept for the next time under
 * ~/.cache/similarfaces (root: /var/cache/similarfaces, where another user can read them).
 * @throws Error naming what is missing
 */
export async function startElasticsearch(
  options: ElasticsearchServerOptions = {},
): Promise<ElasticsearchServer> {
  const java = await javaHome();
  const modules = modulesOf(java);
  const version = options.version ?? (modules.includes("jdk.jdi") ? VERSION : VERSION_ON_TRIMMED_JAVA);
  const home = await elasticsearchHome(version);
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-elasticsearch-"));
  const [port, transportPort] = [await freePort(), await freePort()];
  const config = join(dir, "config");
  for (const name of ["config", "data", "logs", "tmp"]) mkdirSync(join(dir, name));
  const lines = {
    "cluster.name": "similarfaces-test",
    "discovery.type": "single-node",
    "http.host": "127.0.0.1",
    "http.port": port,
    "transport.host": "127.0.0.1",
    "transport.port": transportPort,
    "path.data": join(dir, "data"),
    "path.logs": join(dir, "logs"),
    // A nearly full disk of the developer's is not what is tested.
    "cluster.routing.allocation.disk.threshold_enabled": false,
    "xpack.security.enabled": false,
    ...options.settings,
  };
  const yaml = Object.entries(lines).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(config, "elasticsearch.yml"), yaml.join(""));
  copyFileSync(join(home, "config", "log4j2.properties"), join(config, "log4j2.properties"));
  writeFileSync(join(config, "jvm.options"), jvmOptions(home, modules));

  const heap = `${options.heapMb ?? 512}m`;
  const run = {
    cwd: dir,
    env: {
      PATH: process.env["PATH"],
      HOME: dir,
      LANG: "C.UTF-8",
      ES_JAVA_HOME: java,
      ES_PATH_CONF: config,
      ES_TMPDIR: join(dir, "tmp"),
      ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap} ${options.java ?? ""}`,
    },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  };
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(config, name), text);
  if (isRoot) giveAway(dir);

  const start = async () => {
    const output = join(dir, "logs", "output.log");
    // A process group of its own, which ends with the server, or with us however we end: then its input is closed.
    const both = `("$0" > "${output}" 2>&1; kill -9 0) & cat > /dev/null; kill -9 0`;
    const child = spawn("/bin/sh", ["-c", both, join(home, "bin", "elasticsearch")], {
      ...run,
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    const killed = () => killGroup(child);
    process.once("exit", killed);
    child.once("exit", () => process.off("exit", killed));
    await untilAnswers(port, child, output);
    return child;
  };
  const startedAtMs = performance.now();
  let child = await start();
  const startedInMs = performance.now() - startedAtMs;
  const kill = async () => {
    const exit = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    killGroup(child);
    await exit;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    version,
    startedInMs,
    memoryBytes: () => memoryOf(child.pid!),
    kill,
    restart: async () => {
      child = await start();
    },
    stop: async () => {
      await kill();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The distribution's own, without the module for vector instructions where the runtime has none. */
function jvmOptions(home: string, modules: string): string {
  return readFileSync(join(home, "config", "jvm.options"), "utf8")
    .split("\n")
    .filter((line) => !line.includes("jdk.incubator.vector") || modules.includes("jdk.incubator.vector"))
    .filter((line) => !/Xlog|HeapDump/.test(line))
    .join("\n");
}

function giveAway(path: string): void {
  chownSync(path, NOBODY, NOBODY);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) giveAway(below);
    else chownSync(below, NOBODY, NOBODY);
  }
}

async function untilAnswers(port: number, child: ChildProcess, output: string): Promise<void> {
  const untilMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < untilMs) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Elasticsearch ended: ${readFileSync(output, "utf8").slice(-2_000)}`);
    }
    // Any answer: with security on, it is a 401.
    if (
      await fetch(`http://127.0.0.1:${port}/_cluster/health`).then(
        ({ status }) => status < 500,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  killGroup(child);
  throw new Error(`Elasticsearch did not start in ${START_TIMEOUT_MS / 1_000} s`);
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/** Of the largest process under this one: a shell, its shell, the launcher, the server. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
    const below = readdirSync(`/proc/${pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" "))
      .filter((child) => child !== "");
    return Math.max(own, ...below.map((child) => memoryOf(Number(child))));
  } catch {
    return 0;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
