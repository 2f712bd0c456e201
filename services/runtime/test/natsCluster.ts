import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, natsServerPath } from "./natsServer.js";

/** Three servers that agree, as the chart's `nats.replicas: 3` has them. */
export interface NatsCluster {
  /** All addresses, comma-separated. */
  readonly url: string;
  /** SIGKILL, as a node that is lost; the store stays. */
  kill(serverName: string): Promise<void>;
  restart(serverName: string): Promise<void>;
  /** As a node that hangs: its connections stay, and it says nothing until `resume`. */
  suspend(serverName: string): void;
  resume(serverName: string): void;
  stop(): Promise<void>;
}

export async function startNatsCluster(): Promise<NatsCluster> {
  const dir = await mkdtemp(join(tmpdir(), "similarfaces-cluster-"));
  const names = ["nats-0", "nats-1", "nats-2"];
  const ports = await Promise.all(names.map(() => freePort()));
  const routes = await Promise.all(names.map(() => freePort()));
  const children = new Map<string, ChildProcess>();
  await Promise.all(
    names.map((name, i) =>
      writeFile(
        join(dir, `${name}.conf`),
        `server_name: ${name}
listen: "127.0.0.1:${ports[i]}"
jetstream { store_dir: ${JSON.stringify(join(dir, name))} }
cluster {
  name: test
  listen: "127.0.0.1:${routes[i]}"
  routes: [${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(", ")}]
}
`,
      ),
    ),
  );
  const run = (name: string) => {
    const child = spawn(natsServerPath(), ["-c", join(dir, `${name}.conf`)], { stdio: "ignore" });
    children.set(name, child);
  };
  const kill = async (name: string) => {
    const child = children.get(name)!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exit;
  };
  process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));
  names.forEach(run);
  return {
    url: ports.map((port) => `nats://127.0.0.1:${port}`).join(","),
    kill,
    restart: async (name) => run(name),
    suspend: (name) => void children.get(name)!.kill("SIGSTOP"),
    resume: (name) => void children.get(name)!.kill("SIGCONT"),
    stop: async () => {
      await Promise.all(names.map(kill));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
