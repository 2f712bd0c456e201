import { basename, dirname, relative } from "node:path";
import { picturesUnder } from "../pictures.js";
import type { FacesData } from "../dataset.js";

/** `label/file.jpg`: labels, values or people, whichever the pack's models answer in the folders' names. */
export async function readFolders(dir: string): Promise<FacesData | undefined> {
  const photos = (await picturesUnder(dir))
    .filter((file) => relative(dir, file) !== basename(file))
    .map((file) => ({ file, folder: basename(dirname(file)), truths: {}, groups: {} }));
  return photos.length > 0 ? { kind: "faces", photos } : undefined;
}
