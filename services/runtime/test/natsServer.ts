import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A real nats-server with JetStream on a free port of loopback and a store of its own. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  readonly pid: number;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash; the store stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store; with a token, nobody is let in without it. */
  restart(options?: { token?: string }): Promise<void>;
}

/** @param more further lines of its configuration */
export async function startNatsServer(more = ""): Promise<NatsServer> {
  const storeDir = await mkdtemp(join(tmpdir(), "similarfaces-nats-"));
  const port = await freePort();
  const config = join(storeDir, "nats.conf");
  const configure = ({ token }: { token?: string } = {}) =>
    writeFile(
      config,
      `listen: "127.0.0.1:${port}"\nmax_payload: 1MB\njetstream { store_dir: ${JSON.stringify(storeDir)} }\n${more}\n` +
        (token ? `authorization { token: ${JSON.stringify(token)} }\n` : ""),
    );
  await configure();
  let child = await run(config, port);
  const ended = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exit;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return child.pid!;
    },
    kill: () => ended("SIGKILL"),
    restart: async (options) => {
      await configure(options);
      child = await run(config, port);
    },
    stop: async () => {
      await ended("SIGKILL");
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}

async function run(config: string, port: number): Promise<ChildProcess> {
  const child = spawn(natsServerPath(), ["-c", config], { stdio: "ignore" });
  const end = () => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  // It answers or it ends, however busy the machine is.
  while (!(await accepts(port))) {
    const { exitCode, signalCode } = child;
    if (exitCode !== null || signalCode) throw new Error(`nats-server ended with ${signalCode ?? exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return child;
}

/** `npm test` obtains it and names it in NATS_SERVER; a test run by hand looks where the bootstrap does. */
export function natsServerPath(): string {
  const tools = fileURLToPath(new URL("../../../.data/tools/nats-server", import.meta.url));
  const candidates = [
    process.env["NATS_SERVER"],
    ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "nats-server")),
    "/usr/sbin/nats-server",
    tools,
  ];
  const found = candidates.find((path) => path !== undefined && path !== "" && existsSync(path));
  if (!found) throw new Error("no nats-server: set NATS_SERVER, or run npm test once, which obtains one");
  return found;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
