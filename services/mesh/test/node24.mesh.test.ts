import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startNatsServer } from "../../runtime/test/natsServer.js";
import { allAnswers, analyse, answered, sample } from "./client.js";
import { startTestMesh } from "./mesh.js";
import { otherNode, trixieLoader } from "./otherNode.js";

const NODE_24 = "24.21.0";
const MESH = fileURLToPath(new URL("../dist/oneProcess/main.js", import.meta.url));

const node = await otherNode(NODE_24);
const loader = await trixieLoader();

describe("on Node 24", () => {
  it.skipIf(!node)("npm start serves, and says by which HTTP server", async () => {
    const mesh = await startTestMesh({ node: node! });
    try {
      expect(answered(await analyse(mesh.url, await sample("group-4")))).toEqual(allAnswers(4));
      expect(mesh.output()).toMatch(/^served by (uWebSockets\.js|node:http) /m);
    } finally {
      await mesh.stop();
    }
  });

  it.skipIf(!node || !loader)(
    "with the libc of Debian 13 today's build of uWebSockets.js serves",
    async () => {
      const broker = await startNatsServer();
      // The process of gateway and stages alone: run through a loader, Node does not know its own path to start others by.
      const child = spawn(loader!, ["--library-path", dirname(loader!), node!, MESH], {
        env: { ...process.env, NATS_URL: broker.url, PORT: "0", LOG_LEVEL: "info" },
        stdio: ["ignore", "ignore", "pipe"],
      });
      const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
      try {
        let log = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
        const serving = () => /"url":"([^"]+)","driver":"([^"]+)"/.exec(log);
        await expect.poll(() => serving()?.[2], { timeout: 50_000 }).toMatch(/uWebSockets\.js 20\.57\.0/);
        await expect.poll(() => log, { timeout: 50_000 }).toContain('"msg":"ready"');
        expect(answered(await analyse(serving()![1]!, await sample("group-4")))).toEqual(allAnswers(4));
      } finally {
        child.kill("SIGTERM");
        expect(await exited).toBe(0);
        await broker.stop();
      }
    },
  );
});
