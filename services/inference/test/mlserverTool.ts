import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const FOLDER = join(homedir(), ".cache", "similarfaces", "tools", "mlserver-1.7.1");
const PYTHON = join(FOLDER, "bin", "python");
/** Every package that MLServer brings, pinned: what is newer tomorrow must not break a test today. */
const REQUIREMENTS = fileURLToPath(new URL("mlserver/requirements.txt", import.meta.url));
const RUNTIME = fileURLToPath(new URL("mlserver/onnx_runtime.py", import.meta.url));
const PYTHONS = ["python3", "python3.12", "python3.11"];
/** The pins are of packages that have wheels for these. */
const SUITED = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))";
const INSTALL_MS_MAX = 280_000;

export interface MlServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * True where MLServer is there: from PyPI in an environment of its own, made once (25 s) and kept under
 * ~/.cache/similarfaces/tools. False where there is no Python 3.11 or 3.12 with venv, or no PyPI within reach.
 * @throws Error instead, where everything is required
 */
export async function haveMlServer(): Promise<boolean> {
  if (existsSync(PYTHON)) return true;
  const making = `${FOLDER}.${process.pid}`;
  try {
    await mkdir(join(FOLDER, ".."), { recursive: true });
    await run(await suitedPython(), ["-m", "venv", making]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await run(join(making, "bin", "python"), [...install, "--only-binary", ":all:", "-r", REQUIREMENTS], {
      timeout: INSTALL_MS_MAX,
    });
    // An environment may be moved as long as its programs are run by its Python.
    await rename(making, FOLDER);
    return true;
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    // Another process was faster.
    if (existsSync(PYTHON)) return true;
    if (process.env["SIMILARFACES_REQUIRE_ALL"]) {
      throw new Error("MLServer could not be installed: it needs Python 3.11 or 3.12 with venv, and PyPI", {
        cause,
      });
    }
    return false;
  }
}

async function suitedPython(): Promise<string> {
  for (const python of PYTHONS) {
    const suited = await run(python, ["-c", SUITED]).then(
      () => true,
      () => false,
    );
    if (suited) return python;
  }
  throw new Error(`none of ${PYTHONS.join(", ")} is Python 3.11 or 3.12 with venv`);
}

/** Serves graphs under their names. */
export async function startMlServer(graphs: Readonly<Record<string, string>>): Promise<MlServer> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-mlserver-"));
  const [httpPort, grpcPort] = await Promise.all([freePort(), freePort()]);
  await cp(RUNTIME, join(folder, "onnx_runtime.py"));
  const settings = {
    host: "127.0.0.1",
    http_port: httpPort,
    grpc_port: grpcPort,
    metrics_endpoint: null,
    parallel_workers: 0,
  };
  await writeFile(join(folder, "settings.json"), JSON.stringify(settings));
  for (const [name, uri] of Object.entries(graphs)) {
    await mkdir(join(folder, name));
    const model = { name, implementation: "onnx_runtime.OnnxModel", parameters: { uri } };
    await writeFile(join(folder, name, "model-settings.json"), JSON.stringify(model));
  }
  const child = spawn(PYTHON, ["-m", "mlserver.cli.main", "start", folder], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "ignore",
  });
  const killed = () => child.kill("SIGKILL");
  process.once("exit", killed);
  return {
    url: `http://127.0.0.1:${httpPort}`,
    async stop() {
      process.off("exit", killed);
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
