import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { freePort } from "../../services/runtime/test/natsServer.js";

/** The built gateway as a process of its own, which can be killed and started again at the same address. */
export interface GatewayProcess {
  readonly url: string;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../gateway/dist/main.js", import.meta.url));
const STARTS_MAX = 40;

export async function startGatewayProcess(natsUrl: string): Promise<GatewayProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const env = { ...process.env, NATS_URL: natsUrl, PORT: String(port), LOG_LEVEL: "silent" };
  const gateway: GatewayProcess = {
    url,
    async kill() {
      const killed = child;
      if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
      const exit = new Promise((resolve) => killed.once("exit", resolve));
      killed.kill("SIGKILL");
      await exit;
    },
    async start() {
      // As a supervisor does: what ends, such as by an address that is not free yet, is started again.
      for (let attempt = 0; attempt < STARTS_MAX; attempt++) {
        const started = spawn(process.execPath, [MAIN], { env, stdio: "ignore" });
        child = started;
        if (await isReady(url, started)) return;
      }
      throw new Error("the gateway did not start");
    },
  };
  process.once("exit", () => child?.kill("SIGKILL"));
  await gateway.start();
  return gateway;
}

async function isReady(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
