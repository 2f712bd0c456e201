import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { loadModel } from "../loadModel.js";
import { PackError, type Manifest } from "../manifest.js";
import { download, verifyAndPlace } from "./download.js";
import type { PackEntry } from "./list.js";

export interface PullOptions {
  /** A local folder that holds the file by its own or its upstream name; the network is not used then. */
  from?: string | undefined;
  /** Bytes that are there, of the manifest's `bytes`. */
  onProgress?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Fetches the graph of one model of a pack, unless it is there and right. A file comes to lie beside its manifest only
 * when its SHA-256 is the manifest's.
 * @throws PackError
 */
export async function pullModel(
  { folder, manifest, problem }: PackEntry,
  options: PullOptions = {},
): Promise<"pulled" | "present"> {
  if (!manifest) throw new PackError(problem ?? `${folder}: there is no manifest`);
  if (await isRight(folder)) return "present";
  const path = join(folder, manifest.file);
  if (options.from !== undefined) {
    await takeFrom(options.from, path, manifest);
    return "pulled";
  }
  if (manifest.url === undefined) {
    throw new PackError(`${folder}/manifest.json: has no field url to fetch ${manifest.file} from`);
  }
  const { url, bytes, sha256 } = manifest;
  await download({
    url,
    path,
    bytes,
    sha256,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  return "pulled";
}

function isRight(folder: string): Promise<boolean> {
  return loadModel(folder).then(
    () => true,
    () => false,
  );
}

async function takeFrom(folder: string, path: string, { url, file, bytes, sha256 }: Manifest): Promise<void> {
  const names = new Set([file, ...(url ? [basename(new URL(url).pathname)] : [])]);
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  for (const name of names) {
    const source = join(folder, name);
    const copied = await copyFile(source, part).then(
      () => true,
      () => false,
    );
    if (copied) return verifyAndPlace({ url: source, path, bytes, sha256 }, part);
  }
  throw new PackError(`${folder}: holds no ${[...names].join(" or ")}`);
}
