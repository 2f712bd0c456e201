import { copyFile, mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { loadModel } from "../packs/loadModel.js";
import { PackError, type Manifest, type Variant } from "../packs/manifest.js";
import { download, verifyAndPlace } from "./download.js";
import type { PackEntry } from "./list.js";
import { fetchFromNpm, npmFileOf, takeFromTarball } from "./npmPackage.js";

export interface PullOptions {
  /** A local folder that holds the file by its own or its upstream name, or the npm package; the network is not used then. */
  from?: string | undefined;
  /** Bytes that are there, of the manifest's `bytes`. */
  onProgress?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Fetches the graph of one variant of a model of a pack, unless it is there and right. A file comes to lie beside its manifest only
 * when its SHA-256 is the manifest's.
 * @throws PackError
 */
export async function pullModel(
  { folder, manifest, variant, problem }: PackEntry,
  options: PullOptions = {},
): Promise<"pulled" | "present"> {
  if (!manifest || !variant) throw new PackError(problem ?? `${folder}: there is no manifest`);
  if (await isRight(folder, manifest, variant)) return "present";
  const path = join(folder, variant.file);
  if (options.from !== undefined) await takeFrom(options.from, path, variant, options);
  else await fetchTo(path, variant, options);
  return "pulled";
}

function isRight(folder: string, manifest: Manifest, variant: Variant): Promise<boolean> {
  return loadModel(folder, { manifest, variant }).then(
    () => true,
    () => false,
  );
}

async function fetchTo(path: string, variant: Variant, { onProgress, signal }: PullOptions): Promise<void> {
  const { file, url, bytes, sha256 } = variant;
  if (url === undefined) {
    throw new PackError(`${dirname(path)}/manifest.json: has no field url to fetch ${file} from`);
  }
  const ofNpm = npmFileOf(url);
  if (ofNpm) await fetchFromNpm({ file: ofNpm, variant, path, onProgress, signal });
  else await download({ url, path, bytes, sha256, onProgress, signal });
}

async function takeFrom(
  folder: string,
  path: string,
  variant: Variant,
  { onProgress }: PullOptions,
): Promise<void> {
  const { url, file, bytes, sha256 } = variant;
  const ofNpm = url === undefined ? undefined : npmFileOf(url);
  const upstream = ofNpm?.path ?? (url && new URL(url).pathname);
  const names = [...new Set([file, ...(upstream ? [basename(upstream)] : [])])];
  const source = names.map((name) => join(folder, name)).find((each) => existsSync(each));
  if (source !== undefined) {
    const part = `${path}.part`;
    await mkdir(dirname(path), { recursive: true });
    await copyFile(source, part);
    return verifyAndPlace({ url: source, path, bytes, sha256 }, part);
  }
  const tarball = ofNpm && join(folder, ofNpm.tarball);
  if (ofNpm && tarball !== undefined && existsSync(tarball)) {
    return takeFromTarball(tarball, { file: ofNpm, variant, path, onProgress });
  }
  const known = [...names, ...(ofNpm ? [ofNpm.tarball] : [])];
  throw new PackError(`${folder}: holds no ${known.join(" or ")}`);
}
