import { basename } from "node:path";
import { storedSource } from "@similarfaces/contracts";
import { filesOfFolder } from "./folder.js";

/** The path of the photo that a face came from, where it is at hand. */
export type PhotoOf = (source: string | undefined) => string | undefined;

/** In a folder: by the path within it, as an import stores that, else by the file's name where only one has it. */
export async function photoOfSource(folder: string): Promise<PhotoOf> {
  const bySource = new Map<string, string>();
  const byName = new Map<string, string[]>();
  for (const { path, source } of (await filesOfFolder(folder)).photos) {
    bySource.set(storedSource(source), path);
    const name = storedSource(basename(source));
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  return (source = "") => {
    const [only, ...others] = byName.get(basename(source)) ?? [];
    return bySource.get(source) ?? (others.length === 0 ? only : undefined);
  };
}
