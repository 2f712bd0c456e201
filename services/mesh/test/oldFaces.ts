import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Gateway } from "@similarfaces/client";
import { GALLERY_BUCKET, embeddingToBytes } from "@similarfaces/contracts";
import type { Identity } from "@similarfaces/contracts/api";
import { connectBroker, createLog, openBlobs, readSettings, runtimeSettings } from "@similarfaces/runtime";
import { openNatsGallery } from "../../gallery/src/drivers/nats/driver.js";
import { createGallery } from "../../gallery/src/operations/createGallery.js";
import { createIdentities } from "../../gallery/src/operations/createIdentities.js";
import type { TestMesh } from "./mesh.js";

/** The embedder of the first generation. */
export const OLD_MODEL = "compact-embed@1.0.0";

export interface FaceToPut {
  name: string;
  /** Of an identity that is there already; a new one without. */
  identityId?: string;
  consent?: string;
  source: string;
  portrait?: Uint8Array;
}

/** Stores faces in the mesh's gallery as its match did while that embedder was in use, whose gallery is opened on the same store. */
export async function putOldFaces(mesh: TestMesh, faces: readonly FaceToPut[]): Promise<void> {
  const { natsUrl: url, natsUser: user, natsPassword: password } = mesh.state();
  const broker = await connectBroker({ url, name: "test", user, password });
  const log = createLog({ service: "test", level: "silent" });
  const blobs = await openBlobs(readSettings({}, runtimeSettings), broker, { log });
  const bytesMax = 384 * 1024 * 1024;
  const driver = await openNatsGallery({
    broker,
    bucket: GALLERY_BUCKET,
    models: [OLD_MODEL],
    bytesMax,
    log,
  });
  const gallery = createGallery(createIdentities(driver), blobs, [OLD_MODEL]);
  for (const [i, face] of faces.entries()) {
    const embedding = new Float32Array(512);
    embedding[i] = 1;
    await gallery.enrol({
      faceId: randomUUID(),
      identityId: face.identityId ?? randomUUID(),
      as: "any",
      name: face.name,
      consent: face.consent ?? "on paper",
      embedding: embeddingToBytes(embedding),
      model: OLD_MODEL,
      createdAtMs: Date.now(),
      sourceJobId: "",
      source: face.source,
      photoDigest: "",
      portrait: face.portrait ?? new Uint8Array(),
      eyes: undefined,
    });
  }
  await gallery.close();
  await blobs.close();
  await broker.close();
}

/** Everybody in the gallery, by name. */
export async function peopleAt(url: string): Promise<Identity[]> {
  const people: Identity[] = [];
  for await (const identity of new Gateway({ url }).gallery.identities()) people.push(identity);
  return people;
}

/** A photo of the sample gallery, small enough to be a portrait: "001" to "076". */
export function composite(number: string): Promise<Buffer> {
  return readFile(
    fileURLToPath(new URL(`../../../models/samples/gallery/composite-${number}.jpg`, import.meta.url)),
  );
}

/** What the first generation kept of composite 001 as its portrait: the chip of its embedder, 144x144. */
export function chip144(): Promise<Buffer> {
  return readFile(new URL("chip144.jpg", import.meta.url));
}
