import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Where upstream keeps its binaries: in the git tree of each version's tag. */
const UPSTREAM = "https://api.github.com/repos/uNetworking/uWebSockets.js/git/trees";
const TIMEOUT_MS = 10_000;

export interface Comparison {
  file: string;
  outcome: "same" | "differs" | "not upstream's";
}

/** Compares the binaries of a republication with git's digests of upstream's: no binary is fetched. */
export async function compareBinaries(
  folder: string,
  upstream: ReadonlyMap<string, string>,
): Promise<Comparison[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".node")).sort();
  return Promise.all(
    files.map(async (file) => {
      const digest = upstream.get(file);
      if (digest === undefined) return { file, outcome: "not upstream's" };
      return { file, outcome: gitDigest(await readFile(join(folder, file))) === digest ? "same" : "differs" };
    }),
  );
}

/** What git calls a blob: the SHA-1 of its length and its bytes. */
export function gitDigest(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

/** Git's digest of every file of a version, by name. @throws Error where upstream does not answer */
export async function upstreamDigests(version: string, address = UPSTREAM): Promise<Map<string, string>> {
  const response = await fetch(`${address}/v${version}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`upstream answered ${response.status}`);
  const { tree } = (await response.json()) as { tree: { path: string; sha: string }[] };
  return new Map(tree.map(({ path, sha }) => [path, sha]));
}

/** `node gateway/dist/http/uwsDigests.js`: 0 all the same, 1 one is not, 2 upstream could not be asked. */
async function main(): Promise<number> {
  const folder = dirname(createRequire(import.meta.url).resolve("uWebSockets.js"));
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
  let upstream: Map<string, string>;
  try {
    upstream = await upstreamDigests(version);
  } catch (error) {
    console.error(`uWebSockets.js ${version} cannot be compared: ${String(error)}`);
    return 2;
  }
  const compared = await compareBinaries(folder, upstream);
  for (const { file, outcome } of compared) console.log(`${outcome.padEnd(14)} ${file}`);
  return compared.length > 0 && compared.every(({ outcome }) => outcome === "same") ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await main();
