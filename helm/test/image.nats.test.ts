import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startNatsServer, type NatsServer } from "../../services/runtime/test/natsServer.js";
import { assembleTree, type ImageTree } from "./imageTree.js";
import { BUILT, ROOT } from "./programs.js";

/** As in the image: nobody who owns a file of it, where this test may change who it is. */
const SOMEBODY = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
const STAGES: Readonly<Record<string, { program: string; env?: Record<string, string> }>> = {
  provision: { program: "services/provision/dist/main.js" },
  extract: { program: "services/extract/dist/main.js" },
  embed: { program: "services/embed/dist/main.js" },
  age: { program: "services/analyze/dist/main.js", env: { ANALYZER: "age" } },
  gender: { program: "services/analyze/dist/main.js", env: { ANALYZER: "gender" } },
  race: { program: "services/analyze/dist/main.js", env: { ANALYZER: "race" } },
  emotion: { program: "services/analyze/dist/main.js", env: { ANALYZER: "emotion" } },
  mask: { program: "services/analyze/dist/main.js", env: { ANALYZER: "mask", ANALYZER_PACKS: "extra" } },
  match: { program: "services/gallery/dist/main.js" },
};

describe.skipIf(!BUILT)("the tree of the image that has everything (needs npm run build)", () => {
  let image: ImageTree;
  let tree: string;
  let nats: NatsServer;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    image = assembleTree("all");
    tree = image.path;
    nats = await startNatsServer();
  }, 180_000);
  afterAll(async () => {
    await Promise.all(running.map((child) => ended(child, "SIGKILL")));
    await nats?.stop();
    image?.remove();
  });

  it("analyses a photo, run by somebody who may write nothing in it, and stops when told", async () => {
    const shared = {
      NATS_URL: nats.url,
      LOG_LEVEL: "error",
      INFERENCE_WORKERS: "1",
      NODE_ENV: "production",
      // Nobody takes these traces; what sends them must be there.
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    };
    const healthPorts: number[] = [];
    for (const { program, env } of Object.values(STAGES)) {
      const port = await freePort();
      healthPorts.push(port);
      run(program, { ...shared, ...env, HEALTH_HOST: "127.0.0.1", HEALTH_PORT: String(port) });
    }
    const port = await freePort();
    run("gateway/dist/main.js", { ...shared, HOST: "127.0.0.1", PORT: String(port) });
    for (const ready of [...healthPorts, port]) await untilReady(ready);

    const health = spawnSync(process.execPath, ["health.mjs"], { cwd: tree, env: { PORT: String(port) } });
    expect(health.status).toBe(0);
    // The chart's own test.
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "helm/files/submitPhoto.mjs")],
      {
        cwd: tree,
        encoding: "utf8",
        env: {
          GATEWAY_URL: `http://127.0.0.1:${port}`,
          PHOTO: "models/samples/photos/portrait-1.jpg",
          WAIT_SECONDS: "50",
        },
      },
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^extract, .*match.* answered in \d+ ms\n$/);
    expect(status).toBe(0);

    const codes = await Promise.all(running.map((child) => ended(child, "SIGTERM")));
    expect(codes).toEqual(running.map(() => 0));
  }, 120_000);

  function run(program: string, env: Record<string, string>): void {
    const child = spawn(process.execPath, [program], { cwd: tree, env, stdio: "inherit", ...SOMEBODY });
    process.once("exit", () => child.kill("SIGKILL"));
    running.push(child);
  }

  async function untilReady(port: number): Promise<void> {
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/readyz`).then(
            ({ status }) => status,
            () => 0,
          ),
        {
          timeout: 60_000,
          interval: 100,
        },
      )
      .toBe(200);
  }
});

/** Its exit code. */
function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}
