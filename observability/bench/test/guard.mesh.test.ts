import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { natsServerPath } from "../../../services/runtime/test/natsServer.js";
import { isAlive, type ProcessIdentity } from "../../../services/mesh/src/supervisor/processIdentity.js";

interface Started {
  dataDir: string;
  children: Record<string, ProcessIdentity>;
}

const UNDER_TEST = fileURLToPath(new URL("../dist/meshUnderTest.js", import.meta.url));
const STORES = fileURLToPath(new URL("../dist/gallery/stores.js", import.meta.url));
/** A bench client that starts a mesh, prints what belongs to it, and throws when it reads something. */
const MESH_CLIENT = `
  import { mkdtemp } from "node:fs/promises";
  import { startMeshUnderTest } from ${JSON.stringify(UNDER_TEST)};
  const dataDir = await mkdtemp(process.env.TMPDIR_OF_TEST);
  const mesh = await startMeshUnderTest({ SAMPLE_GALLERY: "false", STAGES: "extract" }, { dataDir });
  console.log(JSON.stringify({ dataDir, children: mesh.children() }));
  process.stdin.on("data", () => { throw new Error("nobody catches this"); });
`;
const STORES_CLIENT = `
  import { startStores } from ${JSON.stringify(STORES)};
  import { identityOf } from ${JSON.stringify(fileURLToPath(new URL("../../../services/mesh/dist/supervisor/processIdentity.js", import.meta.url)))};
  import { readFileSync, readdirSync } from "node:fs";
  const { folder } = await startStores("nats");
  const ours = readFileSync(\`/proc/\${process.pid}/task/\${process.pid}/children\`, "utf8").trim().split(" ").map(Number);
  const broker = ours.find((pid) => readFileSync(\`/proc/\${pid}/cmdline\`, "utf8").includes(folder + "/nats-server.conf"));
  console.log(JSON.stringify({ dataDir: folder, children: { "nats-server": identityOf(broker) } }));
  process.stdin.on("data", () => { throw new Error("nobody catches this"); });
`;

describe("a bench client that dies", { timeout: 60_000 }, () => {
  let client: ChildProcess | undefined;
  afterEach(() => client?.kill("SIGKILL"));

  async function start(program: string): Promise<Started> {
    client = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      env: { ...process.env, NATS_SERVER: natsServerPath(), TMPDIR_OF_TEST: "/tmp/similarfaces-guard-" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    return new Promise((resolve, reject) => {
      client!.stdout!.once("data", (line: Buffer) => resolve(JSON.parse(line.toString()) as Started));
      client!.once("exit", (code) => reject(new Error(`ended with ${code} before it began`)));
    });
  }

  async function expectNothingLeft({ dataDir, children }: Started): Promise<void> {
    expect(Object.keys(children)).toContain("nats-server");
    const left = () => [
      ...Object.values(children).filter(isAlive),
      ...(existsSync(dataDir) ? [dataDir] : []),
    ];
    expect(left().length).toBeGreaterThan(0);
    await expect.poll(left, { timeout: 30_000, interval: 100 }).toEqual([]);
  }

  it("of an error that nobody catches: its mesh ends, and its folder goes", async () => {
    const started = await start(MESH_CLIENT);
    client!.stdin!.write("now");
    await expectNothingLeft(started);
  });

  it("of SIGKILL: its mesh ends, and its folder goes", async () => {
    const started = await start(MESH_CLIENT);
    client!.kill("SIGKILL");
    await expectNothingLeft(started);
  });

  it.skipIf(process.platform !== "linux")("of an error: its broker without a mesh ends too", async () => {
    const started = await start(STORES_CLIENT);
    client!.stdin!.write("now");
    await expectNothingLeft(started);
  });
});
