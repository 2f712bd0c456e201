import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { REQUIRE_ALL } from "../../runtime/test/goTool.js";

const execute = promisify(execFile);
const TOOLS = join(homedir(), ".cache", "similarfaces", "tools");

/**
 * Another Node's binary, from the packages that npm's `node` is made of, kept under ~/.cache/similarfaces/tools. Undefined
 * where no registry is within reach. @throws Error instead, where everything is required
 */
export function otherNode(version: string): Promise<string | undefined> {
  return obtained(`node-${version}`, "bin/node", async (folder) => {
    await execute("npm", ["pack", "--silent", `node-${process.platform}-${process.arch}@${version}`], {
      cwd: folder,
    });
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
    await execute("tar", ["-xzf", archive, "--strip-components=1"], { cwd: folder });
    rmSync(join(folder, archive));
  });
}

/**
 * The dynamic loader of Debian 13 with its libc and libstdc++ beside it, unpacked from its packages without installing them:
 * `loader --library-path <its folder> program` runs a program on that libc. Undefined where there is no apt or no mirror.
 */
export async function trixieLoader(): Promise<string | undefined> {
  const libraries = "root/usr/lib/x86_64-linux-gnu";
  return obtained("trixie-libc", `${libraries}/ld-linux-x86-64.so.2`, async (folder) => {
    if (process.platform !== "linux" || process.arch !== "x64")
      throw new Error("the packages are for x86-64");
    const sources = join(folder, "sources.list");
    const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    writeFileSync(sources, `deb [signed-by=${key}] http://deb.debian.org/debian trixie main\n`);
    for (const name of ["lists/partial", "cache/archives/partial"])
      mkdirSync(join(folder, name), { recursive: true });
    const options = Object.entries({
      "Dir::Etc::sourcelist": sources,
      "Dir::Etc::sourceparts": "-",
      "Dir::State::lists": join(folder, "lists"),
      "Dir::Cache": join(folder, "cache"),
      "Acquire::Languages": "none",
    }).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    await execute("apt-get", [...options, "-qq", "update"], { cwd: folder });
    const packages = ["libc6", "libstdc++6", "libgcc-s1"];
    await execute("apt-get", [...options, "-qq", "download", ...packages], { cwd: folder });
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".deb"))) {
      await execute("dpkg-deb", ["-x", name, "root"], { cwd: folder });
      rmSync(join(folder, name));
    }
    for (const name of ["lists", "cache"]) rmSync(join(folder, name), { recursive: true });
  });
}

/** Made once, in a folder beside that takes its name when it is whole. @throws Error where it cannot be and everything is required */
export async function obtained(
  name: string,
  file: string,
  make: (folder: string) => Promise<void>,
): Promise<string | undefined> {
  const path = join(TOOLS, name, file);
  if (existsSync(path)) return path;
  mkdirSync(TOOLS, { recursive: true });
  const folder = mkdtempSync(join(TOOLS, `${name}-`));
  try {
    await make(folder);
    renameSync(folder, join(TOOLS, name));
    return path;
  } catch (cause) {
    if (REQUIRE_ALL) throw new Error(`${name} could not be obtained`, { cause });
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
