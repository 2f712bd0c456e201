import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HEIC_REASON, kindOfFile } from "@similarfaces/contracts/photoFiles";

export interface Photo {
  path: string;
  /** Stored with the face: its path within what is imported. */
  source: string;
}

export interface FolderFiles {
  photos: Photo[];
  /** Other files, by their path within the folder, each with the reason. */
  passedOver: { source: string; reason: string }[];
  /** Files and folders that a system or a file manager has put there. */
  systemFiles: number;
}

/** What lies in a folder and below it, told by the files' names, in their order. */
export async function filesOfFolder(folder: string): Promise<FolderFiles> {
  const found: FolderFiles = { photos: [], passedOver: [], systemFiles: 0 };
  await walk(folder, "", found);
  return found;
}

async function walk(folder: string, above: string, found: FolderFiles): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const within = `${above}${entry.name}`;
    const source = within.normalize("NFC");
    const kind = kindOfFile(within);
    if (kind.kind === "system") found.systemFiles++;
    else if (entry.isDirectory()) await walk(path, `${within}/`, found);
    // A link to a folder may lead round in a circle.
    else if (entry.isSymbolicLink() && (await isFolder(path)))
      found.passedOver.push({ source, reason: "a link to a folder" });
    else if (kind.kind === "photo") found.photos.push({ path, source });
    else found.passedOver.push({ source, reason: kind.kind === "heic" ? HEIC_REASON : kind.reason });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}
