import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REQUIRE_ALL } from "../../runtime/test/goTool.js";
import { natsServerPath } from "../../runtime/test/natsServer.js";
import { run } from "./command.js";
import { otherNode } from "./otherNode.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const oldNode = await otherNode("18.20.8");
const hasApt = existsSync("/usr/bin/apt-get");
if (REQUIRE_ALL && !hasApt) throw new Error("apt-get is needed to obtain nats-server from a package");

describe("setting up", () => {
  /** A tree of its own: the bootstrap keeps what it obtains in its repository's .data. */
  let tree: string;
  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "similarfaces-bootstrap-"));
    await mkdir(join(tree, "services/mesh"), { recursive: true });
    const bootstrap = join(tree, "services/mesh/bootstrap");
    await cp(join(ROOT, "services/mesh/bootstrap"), bootstrap, { recursive: true });
    // A machine that has one installed must not find it here.
    const finder = join(bootstrap, "natsServer.mjs");
    await writeFile(finder, (await readFile(finder, "utf8")).replace(`"/usr/sbin"`, `"/nowhere"`));
  });
  afterAll(() => rm(tree, { recursive: true, force: true }));

  /** The path that the bootstrap finds, or its words. */
  const find = (env: NodeJS.ProcessEnv) =>
    run(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `const { natsServer } = await import("${tree}/services/mesh/bootstrap/natsServer.mjs");
         natsServer().then((path) => console.log(path), (error) => { console.error(error.message); process.exit(1); });`,
      ],
      { HOME: tree, NODE_OPTIONS: "", ...env },
    );

  it.skipIf(!oldNode)("on too old a Node says in one sentence which is needed", async () => {
    const { code, stdout, stderr } = await run(
      oldNode!,
      [join(ROOT, "services/mesh/bootstrap/run.mjs"), "start"],
      {},
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe("similarfaces needs Node 20.19 or later; this is Node 18.20.8.\n");
  });

  it("takes the nats-server that NATS_SERVER names", async () => {
    const { stdout } = await find({ PATH: "/nowhere", NATS_SERVER: natsServerPath() });
    expect(stdout.trim()).toBe(natsServerPath());
  });

  it("says so where NATS_SERVER names no nats-server, or one that is too old", async () => {
    const none = await find({ PATH: "/nowhere", NATS_SERVER: process.execPath });
    expect([none.code, none.stderr.trim()]).toEqual([
      1,
      `NATS_SERVER names ${process.execPath}, which is no nats-server.`,
    ]);
    const old = join(tree, "old-nats-server");
    await writeFile(old, "#!/bin/sh\necho nats-server: v2.8.4\n", { mode: 0o755 });
    const { code, stderr } = await find({ PATH: "/usr/bin:/bin", NATS_SERVER: old });
    expect([code, stderr.trim()]).toEqual([
      1,
      "NATS_SERVER names nats-server 2.8.4; 2.9.10 or later is needed.",
    ]);
  });

  it("takes the one on the PATH", async () => {
    const bin = join(tree, "bin");
    await mkdir(bin);
    await symlink(natsServerPath(), join(bin, "nats-server"));
    const { stdout } = await find({ PATH: bin });
    expect(stdout.trim()).toBe(join(bin, "nats-server"));
  });

  it.skipIf(!hasApt)(
    "unpacks the distribution's package into the cache where nothing else serves, and finds it there again",
    { timeout: 180_000 },
    async () => {
      const env = { PATH: "/usr/bin:/bin", HTTPS_PROXY: "" };
      const first = await find(env);
      const cached = join(tree, ".data/tools/nats-server");
      expect([first.code, first.stdout.trim()]).toEqual([0, cached]);
      expect(first.stderr).toMatch(
        /fetching nats-server|unpacking nats-server from the distribution's package/,
      );
      expect(spawnSync(cached, ["--version"], { encoding: "utf8" }).stdout).toMatch(/v2\.\d+\.\d+/);
      const second = await find({ PATH: "/nowhere" });
      expect([second.stdout.trim(), second.stderr]).toEqual([cached, ""]);
    },
  );

  it("names three ways to mend it where none can be had", async () => {
    const bare = await mkdtemp(join(tmpdir(), "similarfaces-bare-"));
    await cp(join(tree, "services"), join(bare, "services"), { recursive: true });
    const code = `Object.defineProperty(process, "platform", { value: "sunos" });
      const { natsServer } = await import("${bare}/services/mesh/bootstrap/natsServer.mjs");
      natsServer().catch((error) => { console.error(error.message); process.exit(1); });`;
    // apt-get fails without the programs that it calls.
    const { stderr } = await run(process.execPath, ["--input-type=module", "--eval", code], {
      PATH: "/nowhere",
    });
    await rm(bare, { recursive: true });
    expect(stderr).toMatch(
      /could not be obtained .*:\n {2}1\. install it.*\n {2}2\. .*\n {2}3\. set NATS_SERVER/,
    );
  });
});
