import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { PackError } from "@similarfaces/inference";
import { picturesUnder } from "../pictures.js";
import type { FacesData, Range } from "../dataset.js";
import { csvRows } from "./table.js";

const AGES: readonly Range[] = [
  [0, 2],
  [3, 9],
  [10, 19],
  [20, 29],
  [30, 39],
  [40, 49],
  [50, 59],
  [60, 69],
  [70, 100],
];
/** As the csv spells them; a spreadsheet has made dates of two of them in some copies. */
const AGE_NAMES = ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70"];
const MANGLED: Readonly<Record<string, string>> = { "03-Sep": "3-9", "Oct-19": "10-19" };

/** FairFace: `fairface_label_val.csv` (file, age, gender, race) and the pictures it names, by their path or their file name alone. */
export async function readFairFace(dir: string): Promise<FacesData | undefined> {
  const name = (await readdir(dir))
    .filter((file) => /^fairface_label_\w+\.csv$/.test(file))
    .toSorted()
    .at(-1);
  if (name === undefined) return undefined;
  const path = join(dir, name);
  const pictures = await picturesUnder(dir);
  const paths = new Set(pictures);
  const byName = new Map(pictures.map((file) => [basename(file), file]));
  const photos = csvRows(await readFile(path, "utf8")).flatMap((row, i) => {
    const { file = "", gender = "", race = "" } = row;
    const picture = paths.has(join(dir, file)) ? join(dir, file) : byName.get(basename(file));
    // Copies of a part of the set come with the whole csv.
    if (picture === undefined) return [];
    const ageName = MANGLED[row["age"] ?? ""] ?? row["age"] ?? "";
    const age = AGE_NAMES.indexOf(ageName);
    if (age < 0) throw new PackError(`${path}: line ${i + 2}, field age, "${ageName}" is no age group`);
    const labels = { gender: gender.toLowerCase(), race: race.replace("Latino Hispanic", "Latino_Hispanic") };
    return [{ file: picture, truths: { ...labels, age }, groups: { ...labels, age: ageName } }];
  });
  if (photos.length === 0) throw new PackError(`${path}: none of the pictures that it names is there`);
  return { kind: "faces", photos, ranges: { age: AGES } };
}
