import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import pLimit from "p-limit";
import type { Gallery, NewPhoto } from "@similarfaces/client";
import {
  KnownPhotos,
  checkedConsent,
  checkedName,
  conflictWords,
  storedSource,
  type PersonOfImport,
  type PhotoOfImport,
} from "@similarfaces/contracts";
import type { Identity } from "@similarfaces/contracts/api";
import { asNamed } from "./asNamed.js";
import type { Photo } from "./folder.js";
import type { Person } from "./people.js";
import { persistently } from "./persistently.js";
import { photoDigestOf } from "./photoDigest.js";
import { refusedBy, type Refused } from "./refused.js";

export type Outcome =
  | { kind: "enrolled" }
  /** By its bytes, or because the very same face is there. */
  | { kind: "known" }
  | Refused;

export interface ImportOptions {
  gallery: Pick<Gallery, "identities" | "statistics" | "enrol" | "enrolled">;
  people: readonly Person[];
  /** Of those who have none of their own. */
  consent: string;
  /** Of a photo with several faces, the largest is taken; without it, such a photo is refused. */
  largest: boolean;
  /** Photos on their way at once. */
  inFlight: number;
  /** Each is read once before any is sent. */
  onRead(): void;
  onPhoto(photo: Photo, outcome: Outcome): void;
}

interface ReadPhoto extends PhotoOfImport {
  photo: Photo;
}

interface ReadPerson extends PersonOfImport<ReadPhoto> {
  consent?: string;
}

/**
 * Enrols everybody's photos. The first face of somebody new makes the identity, the others join it. Whoever is in the gallery
 * under that name already gets the faces that are not there yet, so that an import can be repeated. Two people's photo is nobody's.
 */
export async function importPhotos({
  gallery,
  people,
  consent,
  largest,
  inFlight,
  onRead,
  onPhoto,
}: ImportOptions): Promise<void> {
  const slots = pLimit(inFlight);
  const read = await Promise.all(people.map(readPerson));
  const identities: Identity[] = [];
  for await (const identity of gallery.identities()) identities.push(identity);
  const { notSearched } = await gallery.statistics();
  const plan = new KnownPhotos(identities, read, new Set(notSearched.map(({ model }) => model)));
  const faceIds = new Set(identities.flatMap(({ faces }) => faces.map(({ id }) => id)));

  async function readPerson({ photos, ...person }: Person): Promise<ReadPerson> {
    const digestOf = ({ path }: Photo) =>
      // What cannot be read is said when it is to be sent.
      readFile(path).then(photoDigestOf, () => "");
    const digests = await Promise.all(photos.map((photo) => slots(() => digestOf(photo).finally(onRead))));
    return {
      ...person,
      photos: photos.map((photo, i) => ({
        photo,
        source: storedSource(photo.source),
        photoDigest: digests[i]!,
      })),
    };
  }

  async function importPerson(person: ReadPerson): Promise<void> {
    try {
      checkedName(person.name);
      checkedConsent(person.consent ?? consent);
    } catch (error) {
      return person.photos.forEach(({ photo }) => onPhoto(photo, refusedBy(error)));
    }
    const waiting = person.photos.filter((read) => {
      const made = plan.planOf(person, read);
      if (made.kind === "new") return true;
      onPhoto(read.photo, made.kind === "known" ? made : ofAnother(conflictWords(made)));
      return false;
    });
    let identityId = plan.identityOf(person)?.id;
    // One after the other until there is an identity that the rest can join.
    while (identityId === undefined && waiting.length > 0) {
      identityId = await enrol(waiting.shift()!.photo, { name: person.name }, person.consent);
    }
    if (identityId === undefined) return;
    const as = { identityId };
    await Promise.all(waiting.map(({ photo }) => enrol(photo, as, person.consent)));
  }

  /** @returns the identity that the face belongs to now; undefined where it was refused */
  async function enrol(
    photo: Photo,
    as: { name: string } | { identityId: string },
    own: string | undefined,
  ): Promise<string | undefined> {
    return slots(async () => {
      try {
        const bytes = new Uint8Array(await readFile(photo.path));
        const { path, source } = photo;
        const face = { photo: bytes, fileName: basename(path), source, consent: own ?? consent, largest };
        const send = async (as: NewPhoto["as"]) => {
          const { identityId, jobId } = await gallery.enrol({ ...face, as });
          return { identityId, faceId: await gallery.enrolled(jobId) };
        };
        const { identityId, faceId } = await persistently(() =>
          "name" in as ? asNamed(gallery, as.name, send) : send(as),
        );
        onPhoto(photo, { kind: faceIds.has(faceId) ? "known" : "enrolled" });
        faceIds.add(faceId);
        return identityId;
      } catch (error) {
        onPhoto(photo, withoutName(refusedBy(error), photo));
        return undefined;
      }
    });
  }

  // As many people as photos: each has at least one to send.
  const queue = [...read];
  const lane = async () => {
    for (let person = queue.shift(); person; person = queue.shift()) await importPerson(person);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** A failure that names its file: whoever shows it does so, too. */
function withoutName(refused: Refused, { source, path }: Photo): Refused {
  const name = [source, basename(path)].find((one) => refused.message.startsWith(`${one}: `));
  return name === undefined ? refused : { ...refused, message: refused.message.slice(name.length + 2) };
}

function ofAnother(message: string): Refused {
  return { kind: "refused", code: "photo_of_another", message, retryable: false };
}
