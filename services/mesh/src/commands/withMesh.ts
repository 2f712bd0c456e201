import { Gateway } from "@similarfaces/client";
import { readConfigOrExplain } from "./readConfigOrExplain.js";
import { enrolSamples } from "../gallery/sampleGallery.js";
import { SetupError } from "../setupError.js";
import { readRunState } from "../supervisor/runState.js";
import { startSupervisor, type Supervisor } from "../supervisor/supervisor.js";

/**
 * Runs work against the gateway at `url`; without one, against the mesh that runs on this data folder, else against one
 * that is started for the occasion and stopped after it.
 * @throws SetupError if none can be had
 */
export async function withMesh<T>(url: string | undefined, work: (url: string) => Promise<T>): Promise<T> {
  if (url !== undefined) {
    if (!URL.canParse(url)) throw new SetupError(`${url} is no address; one is http://host:port`);
    // A mistyped address is reported at once, and not after the client has retried for a minute.
    if (!(await new Gateway({ url }).isAlive())) throw new SetupError(`No gateway answers at ${url}.`);
    return work(url);
  }
  const config = readConfigOrExplain(process.env);
  if (!config) throw new SetupError("Nothing was started.");
  const running = await runningMesh(config.dataDir);
  if (running !== undefined) return work(running);
  const signal = new AbortController();
  const supervisor = await startSupervisor({
    config: { ...config, port: 0 },
    env: process.env,
    processes: false,
    forOneCommand: true,
    onLine: reportFaults,
    onDeath: (program, how) => process.stderr.write(`${program} ${how}; it is started again\n`),
  });
  const unhook = stopOnSignal(supervisor, signal);
  try {
    const mesh = await supervisor.ready;
    // `match` compares with the sample gallery, so that is enrolled first.
    await enrolSamples({ config, url: mesh.url, signal: signal.signal, onStart: reportEnrolment });
    return await work(mesh.url);
  } finally {
    unhook();
    await supervisor.stop();
  }
}

const POLL_MS = 200;
const START_TIMEOUT_MS = 60_000;

/** Waits for one that is starting, and for the end of one that another command has started for itself. */
async function runningMesh(dataDir: string): Promise<string | undefined> {
  const deadlineAtMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const state = readRunState(dataDir);
    if (!state) return undefined;
    if (!state.forOneCommand && state.url && (await new Gateway({ url: state.url }).isReady()))
      return state.url;
    if (Date.now() > deadlineAtMs && !state.forOneCommand) {
      throw new SetupError(`The mesh of ${dataDir} (process ${state.supervisor.pid}) does not become ready.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function reportFaults(program: string, line: string): void {
  const entry = /"level":(5|6)0/.test(line) || !line.startsWith("{");
  if (entry) process.stderr.write(`${program}: ${line}\n`);
}

function reportEnrolment(faces: number): void {
  process.stderr.write(`enrolling the sample gallery, ${faces} faces (once) ...\n`);
}

/** Ctrl-C in the middle of the work must not leave a mesh behind. */
function stopOnSignal(supervisor: Supervisor, aborted: AbortController): () => void {
  const stop = (signal: NodeJS.Signals) => {
    aborted.abort();
    void supervisor.stop().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return () => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, stop);
  };
}
