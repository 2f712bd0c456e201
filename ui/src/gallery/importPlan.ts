import { nameOfFile, storedSource } from "@similarfaces/contracts/galleryText";

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

/**
 * Who is in a folder: pictures in a subfolder are of the person that it is named after, others of the one that their own name
 * says ("Ada_Lovelace_0002.jpg" is of Ada Lovelace). As `npm run gallery -- import` does it, so that each passes over what the
 * other has brought in (services/mesh/src/gallery/people.ts).
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
    // The chosen folder itself names nobody.
    const parts = path.split("/").slice(1);
    const name = (parts.length > 1 ? parts[0]! : nameOfFile(parts[0]!)).normalize("NFC").trim();
    const person = people.get(name) ?? { name, photos: [] };
    people.set(name, person);
    const source = parts.join("/").normalize("NFC");
    person.photos.push({ file, path, source: storedSource(source) });
    photos++;
  }
  return { people: [...people.values()], photos, passedOver };
}

const numeric = new Intl.Collator(undefined, { numeric: true });
function compare(a: string, b: string): number {
  return numeric.compare(a, b);
}
