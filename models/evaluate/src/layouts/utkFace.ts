import { basename } from "node:path";
import { picturesUnder } from "../pictures.js";
import type { FacesData } from "../dataset.js";

/** UTKFace's five groups, and which of FairFace's seven each holds. */
const RACES = {
  White: ["White"],
  Black: ["Black"],
  Asian: ["East Asian", "Southeast Asian"],
  Indian: ["Indian"],
  Other: ["Latino_Hispanic", "Middle Eastern"],
};
const GENDERS = ["male", "female"];
const YEARS_MAX = 100;

/** UTKFace: `years_gender_race_date.jpg` (gender 0 male, 1 female; race 0 to 4) anywhere under the folder. */
export async function readUtkFace(dir: string): Promise<FacesData | undefined> {
  const photos = (await picturesUnder(dir)).flatMap((file) => {
    const [, years, gender, race] = /^(\d{1,3})_([01])_([0-4])_\d+/.exec(basename(file)) ?? [];
    if (years === undefined || Number(years) > YEARS_MAX) return [];
    const labels = { gender: GENDERS[Number(gender)]!, race: Object.keys(RACES)[Number(race)]! };
    const truths = { ...labels, age: Number(years) };
    return [{ file, truths, groups: { ...labels, age: ageGroup(Number(years)) } }];
  });
  return photos.length > 0 ? { kind: "faces", photos, merged: { race: RACES } } : undefined;
}

/** Tens of years, the last from 70 on. */
function ageGroup(years: number): string {
  const tens = Math.min(7, Math.floor(years / 10)) * 10;
  return tens === 70 ? "70-100" : `${tens}-${tens + 9}`;
}
