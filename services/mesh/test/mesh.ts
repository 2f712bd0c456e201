import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { natsServerPath } from "../../runtime/test/natsServer.js";
import { guard } from "../src/supervisor/guard.js";
import { identityOf } from "../src/supervisor/processIdentity.js";
import { endLeftovers, readRunState, type RunState } from "../src/supervisor/runState.js";

/** The whole mesh as `npm start` runs it: its supervisor, nats-server and services, with a data folder and ports of its own. */
export interface TestMesh {
  readonly url: string;
  /** Of the gateway's process. */
  readonly metricsUrl: string;
  readonly dataDir: string;
  /** Process, URL, broker's address and token, and the children by name. */
  state(): RunState;
  /** What has been printed so far, standard output and error together. */
  output(): string;
  /** Resolves when this has been printed. */
  printed(text: string): Promise<void>;
  /** SIGKILL, as a crash: "supervisor", "nats-server", "mesh", or a service's name under `processes`. */
  kill(what: string): void;
  /** SIGTERM to the supervisor, or the signal given. @returns its exit code; the data folder stays */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts it again on the same data folder. */
  restart(env?: Record<string, string>): Promise<void>;
  /** Ends everything and removes the data folder. */
  stop(): Promise<void>;
}

export interface TestMeshOptions {
  /**
   * For instance `SAMPLE_GALLERY: "true"`, which is off here: enrolling takes seconds that few tests need. Wait for its end with
   * `printed("sample gallery is enrolled")`.
   */
  env?: Record<string, string>;
  processes?: boolean;
  /** The Node that everything runs on, where it is another one. */
  node?: string;
  /** Where its data lies, where that is not a new folder; whoever names one removes it. */
  dataDir?: string;
}

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const START_TIMEOUT_MS = 60_000;
const PRINT_TIMEOUT_MS = 120_000;

/** Resolves when the gateway says that it is ready. Needs a built tree, as `npm test` makes it. */
export async function startTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "similarfaces-mesh-")));
  let supervisor = await startSupervisor(dataDir, options);
  const mesh: TestMesh = {
    get url() {
      return supervisor.url;
    },
    get metricsUrl() {
      return mesh.state().metricsUrl!;
    },
    dataDir,
    state() {
      const state = readRunState(dataDir);
      if (!state) throw new Error("the mesh is not running");
      return state;
    },
    output: () => supervisor.output(),
    async printed(text) {
      const deadlineAtMs = Date.now() + PRINT_TIMEOUT_MS;
      while (!supervisor.output().includes(text)) {
        if (Date.now() > deadlineAtMs) throw new Error(`never printed "${text}":\n${supervisor.output()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    kill(what) {
      const { supervisor: parent, children } = mesh.state();
      const pid = what === "supervisor" ? parent.pid : children[what]?.pid;
      if (pid === undefined) throw new Error(`no process ${what}: ${Object.keys(children).join(", ")}`);
      process.kill(pid, "SIGKILL");
    },
    end: (signal = "SIGTERM") => supervisor.end(signal),
    async restart(more = {}) {
      await supervisor.end("SIGTERM");
      supervisor = await startSupervisor(dataDir, { ...options, env: { ...options.env, ...more } });
    },
    async stop() {
      await supervisor.end("SIGTERM");
      // Of a supervisor that the test has killed.
      await endLeftovers(dataDir, 10_000);
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
    },
  };
  return mesh;
}

interface SupervisorProcess {
  url: string;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

async function startSupervisor(
  dataDir: string,
  { env = {}, processes = false, node = process.execPath }: TestMeshOptions,
): Promise<SupervisorProcess> {
  const child = spawn(node, [MAIN, "start", ...(processes ? ["--processes"] : [])], {
    env: {
      ...process.env,
      NATS_SERVER: natsServerPath(),
      DATA_DIR: dataDir,
      PORT: "0",
      SAMPLE_GALLERY: "false",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test that runs into its time limit is ended, with its process, before it can end its mesh.
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  const guarding = guard({ dataDir, processes: identity ? [identity] : [] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const output = () => printed;
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const code = await exited;
    guarding.release();
    return code;
  };
  const deadlineAtMs = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && Date.now() < deadlineAtMs) {
    const { url, metricsUrl } = readRunState(dataDir) ?? {};
    const ready = url && metricsUrl && (await fetch(`${url}/readyz`).catch(() => undefined));
    if (ready && ready.ok) return { url, output, end };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await end("SIGKILL");
  throw new Error(`the mesh did not become ready:\n${printed}`);
}
