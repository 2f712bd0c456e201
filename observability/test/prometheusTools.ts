import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CACHE = join(homedir(), ".cache", "similarfaces", "tools", "prometheus");

/** Prometheus and its promtool: the real ones. */
export interface PrometheusTools {
  promtool: string;
  prometheus: string;
}

/** From PATH, or Debian's package unpacked (not installed) once; undefined where neither can be had. */
export const TOOLS = await find();

/** @throws Error where everything is required, as in CI */
async function find(): Promise<PrometheusTools | undefined> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(CACHE, "usr", "bin")];
  const installed = folders.map(toolsIn).find(Boolean);
  if (installed) return installed;
  try {
    await unpackDebianPackage();
    return toolsIn(join(CACHE, "usr", "bin"));
  } catch (cause) {
    if (process.env["SIMILARFACES_REQUIRE_ALL"]) throw new Error("Prometheus cannot be had", { cause });
    return undefined;
  }
}

function toolsIn(folder: string): PrometheusTools | undefined {
  const tools = { promtool: join(folder, "promtool"), prometheus: join(folder, "prometheus") };
  return existsSync(tools.promtool) && existsSync(tools.prometheus) ? tools : undefined;
}

async function unpackDebianPackage(): Promise<void> {
  await mkdir(dirname(CACHE), { recursive: true });
  const part = await mkdtemp(`${CACHE}-`);
  try {
    await run("apt-get", ["download", "prometheus"], { cwd: part, timeout: 240_000 });
    const file = (await readdir(part)).find((name) => name.endsWith(".deb"));
    if (!file) throw new Error("apt-get downloaded no package");
    await run("dpkg-deb", ["-x", join(part, file), join(part, "root")], { timeout: 120_000 });
    // All or nothing, also for a run beside this one.
    await rename(join(part, "root"), CACHE).catch((error: unknown) => {
      if (!existsSync(CACHE)) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}
