import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GatewayFailure, type Gateway } from "@similarfaces/client";
import type { GalleryFace } from "@similarfaces/contracts/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findFace, type SeenFace } from "../src/gallery/findFace.js";
import { photoOfSource } from "../src/gallery/photoOfSource.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "similarfaces-photos-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const old: GalleryFace = { id: "old", model: "old@1", createdAtMs: 0, source: "1.jpg" };

/** A face whose eyes are around x, and whose embedding is at this angle. */
function seen(index: number, x: number, degrees: number): SeenFace {
  const at = (dx: number, y: number) => ({ x: x + dx, y });
  const vector = new Float32Array(512);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return {
    jobId: "job",
    index,
    landmarks: {
      leftEye: at(-20, 50),
      rightEye: at(20, 50),
      nose: at(0, 70),
      leftMouth: at(-15, 90),
      rightMouth: at(15, 90),
    },
    embedding: "",
    vector,
    model: "new@1",
  };
}

/** Of a portrait and a photo with these faces; undefined where there is none. */
async function found(
  faces: { portrait?: SeenFace[]; photo?: SeenFace[] | GatewayFailure },
  face: GalleryFace = old,
) {
  if (faces.photo) await writeFile(join(folder, "1.jpg"), "photo");
  const gallery = {
    portrait: async () => (faces.portrait ? new TextEncoder().encode("portrait").buffer : undefined),
  } as Partial<Gateway["gallery"]> as Gateway["gallery"];
  const look = async (picture: Uint8Array) => {
    const { portrait = [], photo = [] } = faces;
    if (Buffer.from(picture).toString() === "portrait") return portrait;
    if (photo instanceof GatewayFailure) throw photo;
    return photo;
  };
  return findFace(face, gallery, (picture) => look(picture as Uint8Array), await photoOfSource(folder));
}

describe("the face that is made anew", () => {
  it("is in a portrait the one whose eyes are stored, and the largest where none are", async () => {
    const portrait = [seen(0, 300, 0), seen(1, 100, 90)];
    const eyes = { left: { x: 81, y: 50 }, right: { x: 119, y: 50 } };
    expect(await found({ portrait }, { ...old, eyes })).toMatchObject({
      from: "portrait",
      face: { index: 1 },
    });
    expect(await found({ portrait })).toMatchObject({ from: "portrait", face: { index: 0 } });
  });

  it("is in a photo the one most like the portrait", async () => {
    const photo = [seen(0, 300, 90), seen(1, 100, 40), seen(2, 500, 20)];
    const one = await found({ portrait: [seen(0, 50, 0)], photo });
    expect(one).toMatchObject({ from: "photo", face: { index: 2 } });
  });

  it("is the portrait's where the photo shows others, or cannot be read", async () => {
    const portrait = [seen(0, 50, 0)];
    const broken = new GatewayFailure("event", {
      code: "undecodable_image",
      message: "No.",
      retryable: false,
    });
    for (const photo of [[seen(0, 300, 61)], [], broken]) {
      expect(await found({ portrait, photo })).toMatchObject({ kind: "found", from: "portrait" });
    }
  });

  it("is the only one of a photo where there is no portrait, and refused where there are several", async () => {
    expect(await found({ photo: [seen(0, 300, 61)] })).toMatchObject({ from: "photo", face: { index: 0 } });
    expect(await found({ photo: [seen(0, 300, 0), seen(1, 100, 90)] })).toMatchObject({
      code: "several_faces",
    });
    expect(await found({ photo: [] })).toMatchObject({ kind: "refused", code: "no_face" });
  });

  it("is refused where no picture is left, or none has a face", async () => {
    expect(await found({})).toMatchObject({ kind: "refused", code: "no_picture" });
    expect(await found({ portrait: [] })).toMatchObject({ kind: "refused", code: "no_face" });
  });

  it("is tried again where only the moment was bad", async () => {
    const busy = new GatewayFailure("event", { code: "model_failed", message: "No.", retryable: true });
    await expect(found({ portrait: [seen(0, 50, 0)], photo: busy })).rejects.toBe(busy);
  });
});

it("a photo is found by its path, else by its name where only one has that", async () => {
  for (const path of ["Ada/1.jpg", "Bea/1.jpg", "Bea/cafe\u0301.png", "Bea/2.jpg"]) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), "");
  }
  const photoOf = await photoOfSource(folder);
  expect(photoOf("Ada/1.jpg")).toBe(join(folder, "Ada/1.jpg"));
  expect(photoOf("1.jpg")).toBeUndefined();
  expect(photoOf("holidays/2.jpg")).toBe(join(folder, "Bea/2.jpg"));
  expect(photoOf("caf\u00e9.png")).toBe(join(folder, "Bea/cafe\u0301.png"));
  for (const source of ["", undefined, "../../etc/passwd", "face 0 of a job"])
    expect(photoOf(source)).toBeUndefined();
});
