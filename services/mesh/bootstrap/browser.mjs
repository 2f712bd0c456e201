import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The path of a Chromium for the browser tests: CHROMIUM, PATH, or, as root on Debian and Ubuntu, installed from the
 * distribution. Undefined where none can be had: those tests then say so by name.
 */
export function chromium() {
  const found = look();
  if (found) return found;
  if (!existsSync("/usr/bin/apt-get") || process.getuid?.() !== 0) return undefined;
  console.error("installing chromium for the browser tests (once) ...");
  const lists = existsSync("/var/lib/apt/lists") ? readdirSync("/var/lib/apt/lists") : [];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (!lists.some((name) => name.includes("_Packages"))) spawnSync("apt-get", ["update", "-qq"], { env });
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], {
    env,
    stdio: "ignore",
  });
  return look();
}

function look() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = [
    process.env.CHROMIUM,
    ...folders.flatMap((dir) => names.map((name) => join(dir, name))),
  ];
  return candidates.find((path) => path && existsSync(path));
}
