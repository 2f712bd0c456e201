import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/oneProcess/main.js", import.meta.url));

it("says what is wrong in a configuration and ends in its own way, although its graphs are loading by then", async () => {
  const mesh = spawn(process.execPath, [MAIN], {
    env: { ...process.env, JOB_TTL_MS: "soon" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  mesh.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const [code, signal] = (await once(mesh, "close")) as [number | null, NodeJS.Signals | null];
  expect({ code, signal }).toEqual({ code: 2, signal: null });
  expect(errors).toContain("JOB_TTL_MS must be a whole number");
});
