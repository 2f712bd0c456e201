import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { contractsFolder } from "./about.js";

/** contracts/openapi.yaml as the JSON that is served. */
export async function readOpenApi(): Promise<string> {
  const yaml = await readFile(join(contractsFolder(), "openapi.yaml"), "utf8");
  return `${JSON.stringify(parse(yaml))}\n`;
}
