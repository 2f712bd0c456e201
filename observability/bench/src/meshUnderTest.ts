import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usageOf, type Usage } from "@similarfaces/load";
import {
  NATS_SERVER,
  guard,
  readConfig,
  readRunState,
  startSupervisor,
  type ProcessIdentity,
} from "@similarfaces/mesh";

export interface MeshUnderTest {
  url: string;
  metricsUrl: string;
  /** Broker and services that run now, by name. */
  children(): Readonly<Record<string, ProcessIdentity>>;
  /** Of its running processes: the broker's, and all others'. */
  usage(): { services: Usage; broker: Usage };
  /** CPU time of its running processes so far, the broker's among them. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export interface MeshUnderTestOptions {
  /** Every service as a process of its own. */
  processes?: boolean;
  /** Of each stage, each a process of its own. */
  replicas?: number;
  /** A new one in the system's temporary folder without it. Removed with the mesh. */
  dataDir?: string;
  /** A process ended and is started again. By default that is printed. */
  onDeath?(program: string, how: string): void;
}

/** A mesh as `npm start` starts it, on a free port and with a data folder of its own that goes with it. */
export async function startMeshUnderTest(
  env: Record<string, string> = {},
  options: MeshUnderTestOptions = {},
): Promise<MeshUnderTest> {
  const { processes = false, replicas = 1, onDeath = printDeath } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "similarfaces-bench-")));
  const all = { ...process.env, DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error", ...env };
  const guarding = guard({ dataDir });
  const supervisor = await startSupervisor({
    config: readConfig(all),
    env: all,
    processes,
    replicas,
    onLine: (program, line) => process.stderr.write(`${program}: ${line}\n`),
    onDeath,
  });
  const stop = async () => {
    await supervisor.stop();
    await rm(dataDir, { recursive: true, force: true });
    guarding.release();
  };
  try {
    const { url, metricsUrl } = await supervisor.ready;
    const children = () => readRunState(dataDir)?.children ?? {};
    const usage = () => {
      const { [NATS_SERVER]: broker, ...services } = children();
      const pids = Object.values(services).map(({ pid }) => pid);
      return { services: usageOf(pids), broker: usageOf(broker ? [broker.pid] : []) };
    };
    const cpuSeconds = () => {
      const { services, broker } = usage();
      return services.cpuSeconds + broker.cpuSeconds;
    };
    return { url, metricsUrl, children, usage, cpuSeconds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function printDeath(program: string, how: string): void {
  process.stderr.write(`${program} ${how}\n`);
}
