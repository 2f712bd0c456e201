import { GatewayFailure, type Gateway } from "@similarfaces/client";
import type { GalleryFace, Identity, Photo } from "@similarfaces/contracts/api";
import { findFace, lookAt, type FoundFace, type SeenFace } from "./findFace.js";
import { persistently } from "./persistently.js";
import type { PhotoOf } from "./photoOfSource.js";
import { refusedBy, type Refused } from "./refused.js";

/** A face whose embedding no search compares. */
export interface OldFace {
  identity: Identity;
  face: GalleryFace;
}

export type Remade =
  | { kind: "remade"; from: "photo" | "portrait"; faceId: string }
  /** It had been made anew, and only the old one was still there. */
  | { kind: "known"; faceId: string }
  | Refused;

export interface RemakeOptions {
  gateway: Gateway;
  faces: readonly OldFace[];
  /** Models whose faces are not searched. */
  outside: ReadonlySet<string>;
  photoOf: PhotoOf;
  /** People at once, each face by face. */
  inFlight: number;
  onFace(old: OldFace, outcome: Remade): void;
}

/** Cosine of two embeddings of one picture. They are equal to the last digits, unless the embedder ran them in batches of two sizes. */
const SAME_PICTURE_MIN = 0.98;
const SEARCH_COUNT = 100;
/** Refused with these, everything would be. */
const NOT_ALLOWED = ["unauthorized", "forbidden"];

/** Models whose faces no search of the gallery finds. */
export async function modelsOutside({ gallery }: Gateway): Promise<Set<string>> {
  const { notSearched } = await gallery.statistics();
  return new Set(notSearched.map(({ model }) => model));
}

/** Faces of these models, by their people's names. */
export async function facesOf({ gallery }: Gateway, models: ReadonlySet<string>): Promise<OldFace[]> {
  const found: OldFace[] = [];
  if (models.size === 0) return found;
  for await (const identity of gallery.identities()) {
    for (const face of identity.faces) if (models.has(face.model)) found.push({ identity, face });
  }
  return found;
}

/**
 * Enrols faces anew, each into the identity that it belongs to, with its source; the old face is deleted once the new one is in the gallery.
 * What ended in between is found by a second run, which makes no face twice: a face of the same source that is of the same picture is the new
 * one. What is refused stays as it is.
 * @throws GatewayFailure where the key does not allow it
 */
export async function remakeFaces(options: RemakeOptions): Promise<void> {
  const { gateway, faces, outside, photoOf, inFlight, onFace } = options;
  const { gallery, jobs } = gateway;
  /** Of each new face, the old one that it has been made of: it stands for no other. */
  const madeOf = new Map<string, string>();
  const people = new Map<string, OldFace[]>();
  for (const old of faces) people.set(old.identity.id, [...(people.get(old.identity.id) ?? []), old]);
  const queue = [...people.values()];
  const lane = async () => {
    for (let some = queue.shift(); some; some = queue.shift()) {
      for (const old of some) onFace(old, await persistently(() => remake(old)).catch(refusedUnlessForAll));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));

  async function remake({ identity, face: old }: OldFace): Promise<Remade> {
    const looks: string[] = [];
    const look = async (picture: Photo) => {
      const seen = await lookAt(gateway, picture);
      looks.push(...new Set(seen.map(({ jobId }) => jobId)));
      return seen;
    };
    try {
      const found = await findFace(old, gallery, look, photoOf);
      if (found.kind === "refused") return found;
      const there = await newFaceOf(identity.id, old, [found.face, found.portrait ?? found.face]);
      const faceId = there ?? (await enrol(identity.id, old, found));
      madeOf.set(faceId, old.id);
      await gallery.deleteFace(old.id).catch(unlessGone);
      if (there !== undefined) return { kind: "known", faceId };
      return { kind: "remade", from: found.from, faceId };
    } finally {
      // Nobody else is to see them; what stays is gone when its time is over.
      await Promise.all(looks.map((jobId) => jobs.delete(jobId).catch(() => {})));
    }
  }

  /** The face that an earlier run has made of this one, from its photo or from its portrait. */
  async function newFaceOf(
    identityId: string,
    old: GalleryFace,
    pictures: readonly SeenFace[],
  ): Promise<string | undefined> {
    const identity = await gallery.identity(identityId);
    const possible = identity.faces.filter(
      ({ id, model, source }) =>
        !outside.has(model) && source === old.source && (madeOf.get(id) ?? old.id) === old.id,
    );
    if (possible.length === 0) return undefined;
    for (const seen of new Set(pictures)) {
      const { matches } = await gallery.search(seen, SEARCH_COUNT);
      const nearest = matches.find((match) => match.identityId === identityId);
      if (!nearest || nearest.similarity < SAME_PICTURE_MIN) continue;
      if (possible.some(({ id }) => id === nearest.faceId)) return nearest.faceId;
    }
    return undefined;
  }

  async function enrol(identityId: string, old: GalleryFace, found: FoundFace): Promise<string> {
    const { jobId, index } = found.face;
    const photoDigest = found.photoDigest ?? old.photoDigest ?? "";
    const face = { jobId, face: index, source: old.source ?? "", photoDigest, identityId };
    return gallery.enrolled((await gallery.enrolFace(face)).jobId);
  }
}

/** Somebody else has deleted it meanwhile. */
function unlessGone(error: unknown): void {
  if (!(error instanceof GatewayFailure) || error.code !== "face_not_found") throw error;
}

function refusedUnlessForAll(error: unknown): Refused {
  if (error instanceof GatewayFailure && NOT_ALLOWED.includes(error.code)) throw error;
  return refusedBy(error);
}
