import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { contractsFolder } from "./about.js";

/** Reads contracts/openapi.yaml as the JSON that is served, when it is first asked for: no start waits for the parser. */
export function openApiReader(): () => Promise<string> {
  let json: Promise<string> | undefined;
  return () => (json ??= readOpenApi());
}

async function readOpenApi(): Promise<string> {
  const { parse } = await import("yaml");
  const yaml = await readFile(join(contractsFolder(), "openapi.yaml"), "utf8");
  return `${JSON.stringify(parse(yaml))}\n`;
}
