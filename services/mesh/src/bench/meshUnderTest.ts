import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usageOf } from "@similarfaces/load";
import { readConfig } from "../config.js";
import { readRunState } from "../supervisor/runState.js";
import { startSupervisor } from "../supervisor/supervisor.js";

export interface MeshUnderTest {
  url: string;
  metricsUrl: string;
  /** CPU time of its processes so far, the broker's among them; what ended is not in it. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** A mesh as `npm start` starts it, on a free port and with a data folder of its own that goes with it. */
export async function startMeshUnderTest(env: Record<string, string> = {}): Promise<MeshUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), "similarfaces-bench-"));
  const all = { ...process.env, DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error", ...env };
  const supervisor = await startSupervisor({
    config: readConfig(all),
    env: all,
    processes: false,
    onLine: (program, line) => process.stderr.write(`${program}: ${line}\n`),
    onDeath: (program, how) => process.stderr.write(`${program} ${how}\n`),
  });
  const stop = async () => {
    await supervisor.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const { url, metricsUrl } = await supervisor.ready;
    const cpuSeconds = () => {
      const children = Object.values(readRunState(dataDir)?.children ?? {});
      return usageOf(children.map(({ pid }) => pid)).cpuSeconds;
    };
    return { url, metricsUrl, cpuSeconds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
