import { storedSource } from "@similarfaces/contracts/galleryText";
import { kindOfFile, nameOfPath } from "@similarfaces/contracts/photoFiles";

/** A file with the path that it has below what was chosen, "people/Ada/1.jpg". */
export interface GivenFile {
  path: string;
  file: File;
}

export interface PlannedPhoto {
  file: File;
  path: string;
  /** Kept with the face. */
  source: string;
}

export interface PlannedPerson {
  name: string;
  photos: PlannedPhoto[];
}

export interface ImportPlan {
  people: PlannedPerson[];
  photos: number;
  /** Paths of photos that a camera has named, in no folder that says whose they are. */
  unnamed: string[];
  /** Files that are no photos by their names, each with the reason. */
  passedOver: { path: string; reason: string }[];
}

/**
 * Who is in a folder: pictures in a subfolder are of the person that it is named after, others of the one that their own name
 * says ("Ada_Lovelace_0002.jpg" is of Ada Lovelace). By the rules of `npm run gallery -- import`; HEIC is taken besides, for it is converted here.
 */
export function planImport(files: readonly GivenFile[]): ImportPlan {
  const people = new Map<string, PlannedPerson>();
  const plan: Omit<ImportPlan, "people"> = { photos: 0, unnamed: [], passedOver: [] };
  for (const { path, file } of files.toSorted((a, b) => compare(a.path, b.path))) {
    // The chosen folder itself names nobody.
    const within = path.slice(path.indexOf("/") + 1);
    const kind = kindOfFile(within);
    if (kind.kind === "system") continue;
    if (kind.kind === "other") {
      plan.passedOver.push({ path, reason: kind.reason });
      continue;
    }
    const name = nameOfPath(within);
    if (name === "") {
      plan.unnamed.push(path);
      continue;
    }
    const person = people.get(name) ?? { name, photos: [] };
    people.set(name, person);
    person.photos.push({ file, path, source: storedSource(within.normalize("NFC")) });
    plan.photos++;
  }
  return { people: [...people.values()], ...plan };
}

const numeric = new Intl.Collator(undefined, { numeric: true });
function compare(a: string, b: string): number {
  return numeric.compare(a, b);
}
