import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PACKAGES = ["mlserver==1.7.1", "onnxruntime==1.32.0"];
const FOLDER = join(homedir(), ".cache", "similarfaces", "tools", "mlserver-1.7.1");
const RUNTIME = fileURLToPath(new URL("mlserver/onnx_runtime.py", import.meta.url));

export interface MlServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * MLServer from PyPI in an environment of its own, made once (30 s) and kept under ~/.cache/similarfaces/tools;
 * undefined where there is no Python that it runs on (3.9 to 3.12) or no PyPI within reach.
 * @throws Error instead, where everything is required
 */
export async function mlserverTool(): Promise<string | undefined> {
  const binary = join(FOLDER, "bin", "mlserver");
  if (existsSync(binary)) return binary;
  const making = `${FOLDER}.${process.pid}`;
  const run = promisify(execFile);
  try {
    await mkdir(join(FOLDER, ".."), { recursive: true });
    await run("python3", ["-m", "venv", making]);
    await run(join(making, "bin", "python"), ["-m", "pip", "install", "--quiet", ...PACKAGES], {
      timeout: 280_000,
    });
    // An environment may be moved as long as its programs are run by its Python.
    await rename(making, FOLDER);
    return binary;
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    if (process.env["SIMILARFACES_REQUIRE_ALL"]) {
      throw new Error(
        "MLServer could not be installed; it needs python3 (3.9 to 3.12) with venv and pip, and PyPI",
        {
          cause,
        },
      );
    }
    return undefined;
  }
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
  const child = spawn(join(FOLDER, "bin", "python"), ["-m", "mlserver.cli.main", "start", folder], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "ignore",
  });
  return {
    url: `http://127.0.0.1:${httpPort}`,
    async stop() {
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
