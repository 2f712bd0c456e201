import { readdir } from "node:fs/promises";
import { join } from "node:path";

const PICTURE = /\.(jpe?g|png|webp|tiff?|avif|gif)$/i;

/** Every picture under a folder, in the order of their paths. */
export async function picturesUnder(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && PICTURE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
