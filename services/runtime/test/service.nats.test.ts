import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePort, startNatsServer, type NatsServer } from "./natsServer.js";

const PROGRAM = fileURLToPath(new URL("idleService.mjs", import.meta.url));

interface Process {
  child: ChildProcess;
  healthPort: number;
  /** What it wrote to standard error. */
  log(): string;
  code: Promise<number | null>;
}

let server: NatsServer;
let running: Process | undefined;
beforeAll(async () => {
  server = await startNatsServer();
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.code;
  running = undefined;
});
afterAll(() => server?.stop());

describe("the life of a service", () => {
  it("is ready, tells so, and ends with 0 when it is told to", async () => {
    running = await start();
    await until(running, "/readyz", 200);
    expect((await get(running, "/healthz")).status).toBe(200);
    expect(await (await get(running, "/metrics")).text()).toContain('service="idle"');
    running.child.kill("SIGTERM");
    expect(await running.code).toBe(0);
  });

  it("waits for a broker that is not there yet, alive and not ready", async () => {
    const port = await freePort();
    running = await start({ NATS_URL: `nats://127.0.0.1:${port}` });
    await until(running, "/healthz", 200);
    expect((await get(running, "/readyz")).status).toBe(503);
    running.child.kill("SIGTERM");
    expect(await running.code).toBe(0);
  });

  it("is not ready while the broker is away, and ready again after", async () => {
    running = await start();
    await until(running, "/readyz", 200);
    await server.kill();
    await until(running, "/readyz", 503);
    expect(await (await get(running, "/readyz")).text()).toBe("not ready: the broker is away\n");
    expect((await get(running, "/healthz")).status).toBe(200);
    await server.restart();
    await until(running, "/readyz", 200);
  });

  it("is not ready while it has a reason of its own, and says it", async () => {
    running = await start({ START: "has a fault" });
    const reason = async () => (await get(running!, "/readyz")).text();
    await until(running, "/healthz", 200);
    await expect.poll(reason).toBe("not ready: the store keeps what is deleted\n");
  });

  it("names every bad key of its configuration, no value, and ends with 2", async () => {
    running = await start({ NATS_URL: "secret", FORCE_MS: "soon" });
    expect(await running.code).toBe(2);
    expect(running.log()).toMatch(/NATS_URL must be/);
    expect(running.log()).toMatch(/FORCE_MS must be/);
    expect(running.log()).not.toMatch(/secret|soon/);
  });

  it.each([
    ["its start fails", "fails", /no such model/],
    ["nobody handled a rejection", "throws later", /forgotten/],
  ])("ends with 1, and says why, when %s", async (_, how, why) => {
    running = await start({ START: how });
    expect(await running.code).toBe(1);
    expect(running.log()).toMatch(why);
  });

  it.each([
    ["start", "hangs", "/healthz"],
    ["drain", "drains for ever", "/readyz"],
  ])("ends with 1 after its time when its %s hangs", async (_, how, path) => {
    running = await start({ START: how, FORCE_MS: "1000" });
    await until(running, path, 200);
    running.child.kill("SIGTERM");
    expect(await running.code).toBe(1);
    expect(running.log()).toMatch(/not stopped in time/);
  });

  it("ends with 1 when the broker lets it in no more: the next process reads the new credentials", async () => {
    running = await start();
    await until(running, "/readyz", 200);
    await server.kill();
    await server.restart({ token: "changed" });
    try {
      expect(await running.code).toBe(1);
      expect(running.log()).toMatch(/closed for good/);
    } finally {
      await server.kill();
      await server.restart();
    }
  });
});

async function start(env: Record<string, string> = {}): Promise<Process> {
  const healthPort = await freePort();
  const child = spawn(process.execPath, [PROGRAM], {
    env: { NATS_URL: server.url, HEALTH_PORT: String(healthPort), LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (log += text));
  const code = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  return { child, healthPort, log: () => log, code };
}

const get = ({ healthPort }: Process, path: string) => fetch(`http://127.0.0.1:${healthPort}${path}`);

/** It comes to that or it ends, however busy the machine is. */
async function until(process: Process, path: string, status: number): Promise<void> {
  const now = () =>
    get(process, path).then(
      (response) => response.status,
      () => 0,
    );
  while ((await now()) !== status) {
    const { exitCode, signalCode } = process.child;
    if (exitCode !== null || signalCode)
      throw new Error(`it ended with ${signalCode ?? exitCode}:\n${process.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
