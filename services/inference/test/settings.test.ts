import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Prints the address of every module that is loaded (https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks). */
const HOOKS = `export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }`;
const REGISTER = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOKS)}`)});`;

it("the settings alone load no code of messages, schemas or graphs: a supervisor reads them too", () => {
  const args = [
    "--import",
    `data:text/javascript,${encodeURIComponent(REGISTER)}`,
    "--input-type=module",
    "--eval",
  ];
  const program = `import "@similarfaces/inference/settings"; process._rawDebug("loaded");`;
  const { stderr } = spawnSync(process.execPath, [...args, program], { cwd: ROOT, encoding: "utf8" });
  const loaded = stderr.split("\n");
  expect(loaded).toContain("loaded");
  expect(loaded.filter((url) => url.includes("/inference/dist/")).length).toBeGreaterThan(0);
  expect(
    loaded.filter((url) => /bufbuild|ajv|onnxruntime|undici|contracts\/dist\/(mod|gen)/.test(url)),
  ).toEqual([]);
});
