import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import pLimit from "p-limit";
import type { Gallery } from "@similarfaces/client";
import { checkedConsent, checkedName, storedSource } from "@similarfaces/contracts";
import type { Identity } from "@similarfaces/contracts/api";
import type { Person, Photo } from "./people.js";
import { persistently } from "./persistently.js";
import { refusedBy, type Refused } from "./refused.js";

export type Outcome =
  | { kind: "enrolled" }
  /** By its source, or because the very same face is there. */
  | { kind: "known" }
  | Refused;

export interface ImportOptions {
  gallery: Pick<Gallery, "identities" | "enrol" | "enrolled">;
  people: readonly Person[];
  /** Of those who have none of their own. */
  consent: string;
  /** Photos on their way at once. */
  inFlight: number;
  onPhoto(photo: Photo, outcome: Outcome): void;
}

/**
 * Enrols everybody's photos. The first face of somebody new makes the identity, the others join it. Whoever is in the gallery
 * under that name already gets the faces that are not there yet, so that an import can be repeated.
 */
export async function importPhotos({
  gallery,
  people,
  consent,
  inFlight,
  onPhoto,
}: ImportOptions): Promise<void> {
  const known = await knownPeople(gallery);
  const slots = pLimit(inFlight);
  const faceIds = new Set([...known.values()].flat().flatMap(({ faces }) => faces.map(({ id }) => id)));

  async function importPerson(person: Person): Promise<void> {
    try {
      checkedName(person.name);
      checkedConsent(person.consent ?? consent);
    } catch (error) {
      return person.photos.forEach((photo) => onPhoto(photo, refusedBy(error)));
    }
    const identity = identityOf(person, known.get(person.name) ?? []);
    const sources = new Set(identity?.faces.map(({ source }) => source));
    const waiting = person.photos.filter((photo) => {
      if (!sources.has(storedSource(photo.source))) return true;
      onPhoto(photo, { kind: "known" });
      return false;
    });
    let identityId = identity?.id;
    // One after the other until there is an identity that the rest can join.
    while (identityId === undefined && waiting.length > 0) {
      identityId = await enrol(waiting.shift()!, { name: person.name }, person.consent);
    }
    if (identityId === undefined) return;
    const as = { identityId };
    await Promise.all(waiting.map((photo) => enrol(photo, as, person.consent)));
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
        const face = { photo: bytes, fileName: basename(path), source, consent: own ?? consent, as };
        const { identityId, faceId } = await persistently(async () => {
          const { identityId, jobId } = await gallery.enrol(face);
          return { identityId, faceId: await gallery.enrolled(jobId) };
        });
        onPhoto(photo, { kind: faceIds.has(faceId) ? "known" : "enrolled" });
        faceIds.add(faceId);
        return identityId;
      } catch (error) {
        onPhoto(photo, refusedBy(error));
        return undefined;
      }
    });
  }

  // As many people as photos: each has at least one to send.
  const queue = [...people];
  const lane = async () => {
    for (let person = queue.shift(); person; person = queue.shift()) await importPerson(person);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function knownPeople(gallery: Pick<Gallery, "identities">): Promise<Map<string, Identity[]>> {
  const known = new Map<string, Identity[]>();
  for await (const identity of gallery.identities()) {
    known.set(identity.name, [...(known.get(identity.name) ?? []), identity]);
  }
  return known;
}

/** Of several people of one name, the one who has some of these photos. */
function identityOf({ photos }: Person, namesakes: readonly Identity[]): Identity | undefined {
  const sources = new Set(photos.map(({ source }) => storedSource(source)));
  return (
    namesakes.find(({ faces }) => faces.some(({ source }) => source !== undefined && sources.has(source))) ??
    namesakes[0]
  );
}
