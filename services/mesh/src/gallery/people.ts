import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nameOfPath } from "@similarfaces/contracts/photoFiles";
import { parse } from "csv-parse/sync";
import { SetupError } from "../setupError.js";
import { filesOfFolder, type FolderFiles, type Photo } from "./folder.js";

export interface Person {
  name: string;
  /** Instead of the one for all. */
  consent?: string;
  photos: Photo[];
}

export interface People extends Omit<FolderFiles, "photos"> {
  people: Person[];
  /** Photos that a camera has named, in no folder that says whose they are. */
  unnamed: Photo[];
}

/**
 * Whose photos are in a folder: pictures in a subfolder are of the person that the subfolder is named after, others of the one
 * that their own name says ("Ada_Lovelace_0002.jpg" is of Ada Lovelace), and of nobody where a camera has named them.
 */
export async function peopleOfFolder(folder: string): Promise<People> {
  const { photos, passedOver, systemFiles } = await filesOfFolder(folder);
  const named = photos.map((photo) => ({ name: nameOfPath(photo.source), photo }));
  return {
    people: byName(named.filter(({ name }) => name !== "")),
    unnamed: named.filter(({ name }) => name === "").map(({ photo }) => photo),
    passedOver,
    systemFiles,
  };
}

/**
 * A csv with the columns `file` (beside it) and `name`, and if wanted `consent` and `source`.
 * @throws SetupError naming the line that makes no sense
 */
export async function peopleOfCsv(path: string): Promise<People> {
  const rows = readRows(path, textOf(path, await readFile(path)));
  const photos = rows.map(({ file, name, consent, source }, index) => {
    if (!file || !name) {
      throw new SetupError(
        `${path}: row ${index + 1} has no ${file ? "name" : "file"}; the columns are file,name[,consent][,source]`,
      );
    }
    const within = source || file.replace(/^\.\//, "");
    const photo = { path: join(dirname(path), file), source: within.normalize("NFC") };
    return { name, photo, ...(consent ? { consent } : {}) };
  });
  return { people: byName(photos), unnamed: [], passedOver: [], systemFiles: 0 };
}

/** @throws SetupError naming the first line that is not UTF-8 */
function textOf(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = firstForeignLine(bytes);
    throw new SetupError(`${path}: line ${line} is not UTF-8: save the table as "CSV UTF-8"`, { cause });
  }
}

/** No byte of a longer UTF-8 character is a line end. */
function firstForeignLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(LINE_END, from);
    const to = end < 0 ? bytes.length : end;
    try {
      decoder.decode(bytes.subarray(from, to));
    } catch {
      return line;
    }
    from = to + 1;
  }
  return 1;
}

const LINE_END = 10;

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
