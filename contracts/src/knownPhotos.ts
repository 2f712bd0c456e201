import { nameKey } from "./galleryText.js";
import type { Identity } from "./gen/api.js";

/** What an import makes of a photo, by what the gallery holds: for the page and the command line. */
export type PhotoPlan =
  /** To be enrolled; the gallery itself knows a face that is there. */
  | { kind: "new" }
  | { kind: "known" }
  /** The same photo is of somebody else, in the gallery or in this import: the largest face in it is one person's. */
  | { kind: "conflict"; name: string; where: "gallery" | "import" };

export interface PhotoOfImport {
  /** As `storedSource` gives it. */
  source: string;
  /** SHA-256 of its bytes, base64url; "" where they could not be read. */
  photoDigest: string;
}

export interface PersonOfImport<P extends PhotoOfImport> {
  name: string;
  photos: readonly P[];
}

type KnownPerson = Pick<Identity, "id" | "name" | "faces">;

/**
 * Photos are known by their bytes, so that another photo at a known path is new, and the same one under another name is not. A face that nobody
 * has said the digest of is sent again: the gallery compares the faces, and keeps the digest where they are of one picture. Only where no search
 * finds it (its model is `notSearched`), it is known by its path until it is made anew.
 */
export class KnownPhotos<P extends PhotoOfImport> {
  readonly #byName = new Map<string, KnownPerson[]>();
  /** Names of the people whose photo it is by their keys, by digest. */
  readonly #inGallery = new Map<string, Map<string, string>>();
  readonly #inImport = new Map<string, Map<string, string>>();
  readonly #notSearched: ReadonlySet<string>;

  constructor(
    identities: readonly KnownPerson[],
    people: readonly PersonOfImport<P>[],
    notSearched: ReadonlySet<string>,
  ) {
    this.#notSearched = notSearched;
    for (const identity of identities) {
      const key = keyOf(identity);
      this.#byName.set(key, [...(this.#byName.get(key) ?? []), identity]);
      for (const { photoDigest = "" } of identity.faces) note(this.#inGallery, photoDigest, identity);
    }
    for (const person of people)
      for (const { photoDigest } of person.photos) note(this.#inImport, photoDigest, person);
  }

  /** Of several people of one name, the one who has some of these photos. */
  identityOf(person: PersonOfImport<P>): KnownPerson | undefined {
    const namesakes = this.#byName.get(keyOf(person)) ?? [];
    const { photos } = person;
    const digests = new Set(photos.map(({ photoDigest }) => photoDigest).filter(Boolean));
    const sources = new Set(photos.map(({ source }) => source));
    return (
      namesakes.find(({ faces }) => faces.some(({ photoDigest = "" }) => digests.has(photoDigest))) ??
      namesakes.find(({ faces }) => faces.some(({ source = "" }) => sources.has(source))) ??
      namesakes[0]
    );
  }

  planOf(person: PersonOfImport<P>, { source, photoDigest }: P): PhotoPlan {
    const owners = this.#inGallery.get(photoDigest);
    const key = keyOf(person);
    if (owners?.has(key)) return { kind: "known" };
    const [owner] = owners?.values() ?? [];
    if (owner !== undefined) return { kind: "conflict", name: owner, where: "gallery" };
    const other = [...(this.#inImport.get(photoDigest) ?? [])].find(([theirs]) => theirs !== key);
    if (other) return { kind: "conflict", name: other[1], where: "import" };
    const older = this.identityOf(person)?.faces.some(
      (face) => !face.photoDigest && face.source === source && this.#notSearched.has(face.model),
    );
    return { kind: older ? "known" : "new" };
  }
}

/** What a person is told of it. */
export function conflictWords({ name, where }: Extract<PhotoPlan, { kind: "conflict" }>): string {
  return where === "gallery"
    ? `The very same photo is ${name}'s in the gallery.`
    : `The very same photo is here as ${name}'s, too: whose face it shows, only you can say.`;
}

function note(owners: Map<string, Map<string, string>>, photoDigest: string, person: { name: string }): void {
  if (photoDigest === "") return;
  const known = owners.get(photoDigest);
  if (known) known.set(keyOf(person), person.name);
  else owners.set(photoDigest, new Map([[keyOf(person), person.name]]));
}

/** Names of one key are one person's, as the gallery has it; those of an import are not stored names yet. */
function keyOf({ name }: { name: string }): string {
  return nameKey(name.normalize("NFC").trim());
}
