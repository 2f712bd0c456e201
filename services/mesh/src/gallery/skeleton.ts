import { writeFile } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { stringify } from "csv-stringify/sync";
import { SetupError } from "../setupError.js";
import type { Photo } from "./folder.js";

/**
 * A csv for `import` with a row for each photo and its name left out, for somebody to write it there.
 * @throws SetupError where there is such a file already, or it cannot be written
 */
export async function writeSkeleton(path: string, photos: readonly Photo[]): Promise<void> {
  const rows = photos.map((photo) => ({ file: besides(path, photo), name: "" }));
  const text = stringify(rows, { header: true, columns: ["file", "name"], record_delimiter: "windows" });
  await writeFile(path, text, { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "EEXIST" ? "is there already" : `cannot be written (${cause.message})`;
    throw new SetupError(`${path} ${why}`, { cause });
  });
}

/** The photo's path from the folder of the csv; with "./" before what a table would take for a formula. */
function besides(csv: string, { path }: Photo): string {
  const file = relative(dirname(csv), path).split(sep).join("/");
  return /^[=+\-@]/.test(file) ? `./${file}` : file;
}
