import { readFile } from "node:fs/promises";
import { GatewayFailure, type Gateway } from "@similarfaces/client";
import { embeddingFromBytes } from "@similarfaces/contracts";
import type { FaceView, GalleryFace, Photo } from "@similarfaces/contracts/api";
import { photoDigestOf } from "./photoDigest.js";
import type { PhotoOf } from "./photoOfSource.js";
import { refusedBy, type Refused } from "./refused.js";

/** A face in a job that is kept until the face is enrolled, as the embedder in use sees it. */
export interface SeenFace {
  jobId: string;
  /** In the job. */
  index: number;
  landmarks: FaceView["landmarks"];
  /** Base64, as the result has it, and as numbers. */
  embedding: string;
  vector: Float32Array;
  model: string;
}

export interface FoundFace {
  kind: "found";
  face: SeenFace;
  from: "photo" | "portrait";
  /** Of the photo that it is in. */
  photoDigest?: string;
  /** The same face as its portrait shows it. */
  portrait?: SeenFace;
}

/**
 * A face in the photo and its portrait have at least this cosine, where the photo is the right one: fewer than one pair of strangers in 10,000
 * has it with compact-embed 2.0, and the 76 portraits of the first generation's sample gallery have .72 and more to their photos.
 */
const SAME_FACE_MIN = 0.5;

/**
 * Looks for a gallery's face in the photo that it came from, else in its portrait. In a photo it is the face most like the portrait; without a
 * portrait it has to be the only one. In a portrait it is the one whose eyes are stored, or the largest where none are.
 * @param look as `lookAt`
 * @throws GatewayFailure, retryable
 */
export async function findFace(
  face: GalleryFace,
  gallery: Gateway["gallery"],
  look: (picture: Photo) => Promise<SeenFace[]>,
  photoOf: PhotoOf,
): Promise<FoundFace | Refused> {
  const inPortrait = await inPortraitOf(face).catch(refusedUnlessPassing);
  const portrait = inPortrait.kind === "found" ? inPortrait.face : undefined;
  const path = photoOf(face.source);
  if (path === undefined) return inPortrait;
  const inPhoto = await inPhotoAt(path).catch(refusedUnlessPassing);
  return inPhoto.kind === "found" || !portrait ? inPhoto : inPortrait;

  async function inPortraitOf({ id, eyes }: GalleryFace): Promise<FoundFace | Refused> {
    const jpeg = await gallery.portrait(id);
    if (!jpeg) return refused("no_picture", "Neither its photo nor its portrait is there.");
    const found = ofEyes(await look(new Uint8Array(jpeg)), eyes);
    if (!found) return refused("no_face", "No face is found in its portrait.");
    return { kind: "found", face: found, from: "portrait", portrait: found };
  }

  async function inPhotoAt(photo: string): Promise<FoundFace | Refused> {
    const bytes = new Uint8Array(await readFile(photo));
    const faces = await look(bytes);
    const found = { kind: "found", from: "photo", photoDigest: photoDigestOf(bytes) } as const;
    if (portrait) {
      const [nearest] = faces.toSorted((a, b) => cosine(b, portrait) - cosine(a, portrait));
      if (nearest && cosine(nearest, portrait) >= SAME_FACE_MIN) return { ...found, face: nearest, portrait };
      return refused("no_face", "Its photo has no face like its portrait.");
    }
    const [only] = faces;
    if (!only) return refused("no_face", "No face is found in its photo.");
    if (faces.length === 1) return { ...found, face: only };
    const message = `Its photo has ${faces.length} faces, and no portrait of it tells which it is.`;
    return refused("several_faces", message);
  }
}

/**
 * The faces of a picture that have an embedding, largest first, by a job that is not deleted here.
 * @throws GatewayFailure where the picture cannot be read, or a stage failed
 */
export async function lookAt({ jobs }: Gateway, picture: Photo): Promise<SeenFace[]> {
  const { jobId, extract, faces } = await jobs.sendAndWait(picture, LOOK_SECONDS, { stages: "embed" });
  if (extract.state === "failed") throw new GatewayFailure("event", extract.failure);
  return faces.flatMap(({ index, landmarks, fields }) => {
    const embed = fields["embed"];
    if (embed?.state === "failed") throw new GatewayFailure("event", embed.failure);
    if (embed?.state !== "done" || !("embedding" in embed.value)) return [];
    const { embedding } = embed.value;
    const vector = embeddingFromBytes(Buffer.from(embedding, "base64"));
    return [{ jobId, index, landmarks, embedding, vector, model: embed.model }];
  });
}

const LOOK_SECONDS = 60;

function ofEyes(faces: SeenFace[], eyes: GalleryFace["eyes"]): SeenFace | undefined {
  if (!eyes) return faces[0];
  const distance = ({ landmarks: { leftEye, rightEye } }: SeenFace) =>
    Math.hypot(leftEye.x - eyes.left.x, leftEye.y - eyes.left.y) +
    Math.hypot(rightEye.x - eyes.right.x, rightEye.y - eyes.right.y);
  return faces.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** Of embeddings, which have length 1. */
function cosine({ vector: a }: SeenFace, { vector: b }: SeenFace): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function refused(code: string, message: string): Refused {
  return { kind: "refused", code, message, retryable: false };
}

function refusedUnlessPassing(error: unknown): Refused {
  if (error instanceof GatewayFailure && error.retryable) throw error;
  return refusedBy(error);
}
