import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PackError } from "@similarfaces/inference";
import type { PairsData } from "../dataset.js";

const FOLDS_USUAL = 10;

/**
 * Labeled Faces in the Wild: `pairs.txt`, whose first line says how many folds of how many pairs (matched ones first, then as many
 * mismatched ones), then `person 1 4` or `person 1 other 3` per line; pictures in `person/person_0001.jpg`, here or one folder down.
 */
export async function readPairs(dir: string): Promise<PairsData | undefined> {
  const path = join(dir, "pairs.txt");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const [head = "", ...lines] = text.trim().split(/\r?\n/);
  const [first = 0, perFold] = head.split("\t").map(Number);
  const pictures = await picturesByName(dir);
  const pairs = lines.map((line, i) => {
    const fields = line.split("\t");
    const [person, number, other, otherNumber] =
      fields.length === 3 ? [fields[0], fields[1], fields[0], fields[2]] : fields;
    const find = (name = "", digits = "") => {
      const picture = pictures.get(`${name}_${digits.padStart(4, "0")}`);
      if (picture === undefined) {
        throw new PackError(
          `${path}: line ${i + 2} names picture ${digits} of "${name}", which is not there`,
        );
      }
      return picture;
    };
    return { first: find(person, number), second: find(other, otherNumber), same: fields.length === 3 };
  });
  if (pairs.length < 2) throw new PackError(`${path}: names no pairs`);
  const photos = [...pictures].map(([name, file]) => ({ file, person: name.replace(/_\d+$/, "") }));
  if (perFold === undefined) {
    return { kind: "pairs", pairs, photos, folds: FOLDS_USUAL, foldOf: (pair) => pair % FOLDS_USUAL };
  }
  if (first * perFold * 2 !== pairs.length) {
    throw new PackError(
      `${path}: has ${pairs.length} pairs, its first line says ${first} times 2 times ${perFold}`,
    );
  }
  return { kind: "pairs", pairs, photos, folds: first, foldOf: (pair) => Math.floor(pair / (2 * perFold)) };
}

/** By file name without its ending: the name says whose picture it is. */
async function picturesByName(dir: string): Promise<Map<string, string>> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return new Map(
    entries
      .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && /\.(jpe?g|png)$/i.test(entry.name))
      .map((entry) => [entry.name.replace(/\.\w+$/, ""), join(entry.parentPath, entry.name)]),
  );
}
