/** A file with the path that it has below what was chosen, "people/Ada/1.jpg". */
export interface GivenFile {
  path: string;
  file: File;
}

export interface PlannedPhoto {
  file: File;
  path: string;
  /** Kept with the face; what is in already is known by it. */
  source: string;
}

export interface PlannedPerson {
  name: string;
  photos: PlannedPhoto[];
}

export interface ImportPlan {
  people: PlannedPerson[];
  photos: number;
  /** Files that are no photos by their names. */
  passedOver: string[];
}

const PHOTO = /\.(jpe?g|png|webp|avif|gif|tiff?|hei[cf])$/i;
/** What file managers leave behind. */
const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;
const SOURCE_CHARACTERS_MAX = 200;

/**
 * Who is in a folder: one person per folder below the chosen one, named by it; a photo directly in the chosen folder is a
 * person named by the file.
 */
export function planImport(files: readonly GivenFile[]): ImportPlan {
  const people = new Map<string, PlannedPerson>();
  const passedOver: string[] = [];
  let photos = 0;
  for (const { path, file } of files.toSorted((a, b) => compare(a.path, b.path))) {
    if (HIDDEN.test(path)) continue;
    if (!PHOTO.test(path)) {
      passedOver.push(path);
      continue;
    }
    const parts = path.split("/").filter((part) => part !== "");
    const [folder, ...rest] = parts.slice(1);
    const name = (rest.length > 0 ? folder! : nameOfFile(parts.at(-1)!)).normalize("NFC").trim();
    const person = people.get(name) ?? { name, photos: [] };
    people.set(name, person);
    const source = rest.length > 0 ? rest.join(" - ") : parts.at(-1)!;
    person.photos.push({ file, path, source: storedSource(source) });
    photos++;
  }
  return { people: [...people.values()], photos, passedOver };
}

function nameOfFile(name: string): string {
  return name.replace(PHOTO, "");
}

/** As the gateway keeps it (gateway/src/enrolment.ts). */
export function storedSource(source: string): string {
  return source.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").slice(0, SOURCE_CHARACTERS_MAX);
}

const numeric = new Intl.Collator(undefined, { numeric: true });
function compare(a: string, b: string): number {
  return numeric.compare(a, b);
}
