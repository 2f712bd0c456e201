import { readFile, readdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { nameOfFile } from "@similarfaces/contracts/galleryText";
import { parse } from "csv-parse/sync";
import { SetupError } from "../setupError.js";

export interface Photo {
  path: string;
  /** Stored with the face, so that a second import passes it over: its path within what is imported. */
  source: string;
}

export interface Person {
  name: string;
  /** Instead of the one for all. */
  consent?: string;
  photos: Photo[];
}

export interface People {
  people: Person[];
  /** Files that are no pictures by their name. */
  otherFiles: number;
}

const PICTURE = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;

/**
 * Whose photos are in a folder: pictures in a subfolder are of the person that the subfolder is named after, others of the one
 * that their own name says ("Ada_Lovelace_0002.jpg" is of Ada Lovelace).
 */
export async function peopleOfFolder(folder: string): Promise<People> {
  const { photos: pictures, otherFiles } = await photosOfFolder(folder);
  const photos = pictures.map((photo) => {
    const [first = "", ...rest] = photo.source.split("/");
    return { name: rest.length > 0 ? first : nameOfFile(first), photo };
  });
  return { people: byName(photos), otherFiles };
}

/** All pictures of a folder, told by their names, each with its path within it as its source. */
export async function photosOfFolder(folder: string): Promise<{ photos: Photo[]; otherFiles: number }> {
  const files = await filesIn(folder);
  const photos = files
    .filter((path) => PICTURE.test(path))
    .map((path) => ({ path, source: relative(folder, path).split(sep).join("/").normalize("NFC") }));
  return { photos, otherFiles: files.length - photos.length };
}

/**
 * A csv with the columns `file` (beside it) and `name`, and if wanted `consent` and `source`.
 * @throws SetupError naming the line that makes no sense
 */
export async function peopleOfCsv(path: string): Promise<People> {
  const rows = readRows(path, await readFile(path, "utf8"));
  const photos = rows.map(({ file, name, consent, source }, index) => {
    if (!file || !name) {
      throw new SetupError(
        `${path}: row ${index + 1} has no ${file ? "name" : "file"}; the columns are file,name[,consent][,source]`,
      );
    }
    const photo = { path: join(dirname(path), file), source: (source || file).normalize("NFC") };
    return { name, photo, ...(consent ? { consent } : {}) };
  });
  return { people: byName(photos), otherFiles: 0 };
}

function readRows(path: string, text: string): Partial<Record<string, string>>[] {
  try {
    return parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (cause) {
    throw new SetupError(`${path}: ${cause instanceof Error ? cause.message : "this is no csv"}`, { cause });
  }
}

function byName(photos: readonly { name: string; consent?: string; photo: Photo }[]): Person[] {
  const people = new Map<string, Person>();
  for (const { name: spelt, photo, ...consent } of photos) {
    const name = spelt.normalize("NFC").trim();
    const person = people.get(name);
    if (person) person.photos.push(photo);
    else people.set(name, { name, photos: [photo], ...consent });
  }
  return [...people.values()];
}

/** All below, hidden ones left out, in order. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const visible = entries.filter(({ name }) => !name.startsWith("."));
  const files: string[] = [];
  for (const entry of visible.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesIn(path)));
    else if (!entry.isSymbolicLink() || !(await isFolder(path))) files.push(path);
  }
  return files;
}

async function isFolder(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}
