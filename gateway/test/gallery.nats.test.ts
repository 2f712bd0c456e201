import { ExportedFaceSchema, fromJson, type GalleryReply } from "@similarfaces/contracts";
import { galleryBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EMBEDDING, startMesh } from "./meshFixture.js";
import { IDENTITY, playGallery, type PlayedGallery } from "./playedGallery.js";

describe("the gallery over HTTP", () => {
  let gallery: PlayedGallery;
  beforeAll(async () => {
    gallery = await playGallery();
  });
  afterAll(() => gallery?.mesh.stop());
  beforeEach(() => gallery.reset());

  it("lists by name and page", async () => {
    gallery.reply = () => ({
      case: "list",
      value: { identities: [IDENTITY], nextPageToken: "next", total: 9 },
    });
    const { status, body } = await gallery.call("GET", "/identities?name=ad&pageSize=7&pageToken=here");
    expect(status).toBe(200);
    expect(body).toEqual({ identities: [IDENTITY], nextPageToken: "next", total: 9 });
    expect(gallery.asked[0]!.value).toMatchObject({ nameContains: "ad", pageSize: 7, pageToken: "here" });
    expect((await gallery.call("GET", "/identities?pageSize=201")).body).toMatchObject({
      failure: { code: "bad_request" },
    });
  });

  it("gives, renames, merges and deletes", async () => {
    gallery.reply = ({ case: operation }) => {
      if (operation === "rename" || operation === "merge" || operation === "get")
        return { case: operation, value: IDENTITY };
      return { case: operation as "deleteFace", value: { identities: 0, faces: 2, thumbnails: 1 } };
    };
    expect(await gallery.call("GET", "/identities/someone")).toEqual({ status: 200, body: IDENTITY });
    expect(await gallery.call("PATCH", "/identities/someone", { name: "Ada L." })).toEqual({
      status: 200,
      body: IDENTITY,
    });
    expect(await gallery.call("POST", "/identities/someone/merge", { into: "other" })).toEqual({
      status: 200,
      body: IDENTITY,
    });
    const receipt = { status: 200, body: { identities: 0, faces: 2, thumbnails: 1 } };
    const deletion = { ...receipt.body, facesLeft: 0, isUnderWay: false };
    expect(await gallery.call("DELETE", "/identities/someone")).toEqual({ status: 200, body: deletion });
    expect(await gallery.call("DELETE", "/faces/face-1")).toEqual(receipt);
    expect(gallery.asked.map(({ case: operation }) => operation)).toEqual([
      "get",
      "rename",
      "merge",
      "deleteIdentity",
      "deleteFace",
    ]);
    expect(gallery.asked[2]!.value).toMatchObject({ fromIdentityId: "someone", intoIdentityId: "other" });
  });

  it("says of somebody with many faces what is left, and that it goes on", async () => {
    const value = { identities: 1, faces: 100, thumbnails: 99, facesLeft: 2_900, isUnderWay: true };
    gallery.reply = () => ({ case: "deleteIdentity", value });
    expect(await gallery.call("DELETE", "/identities/someone")).toEqual({ status: 202, body: value });
  });

  it("hands on what the gallery refuses", async () => {
    gallery.reply = () => ({
      case: "failure",
      value: { code: "identity_not_found", message: "No such.", retryable: false },
    });
    expect(await gallery.call("GET", "/identities/nobody")).toEqual({
      status: 404,
      body: { failure: { code: "identity_not_found", message: "No such.", retryable: false } },
    });
  });

  it("says so when nobody answers", async () => {
    const lonely = await startMesh();
    try {
      const response = await fetch(`${lonely.url}/v1/gallery/statistics`);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({
        failure: { code: "gallery_unavailable", retryable: true },
      });
    } finally {
      await lonely.stop();
    }
  });

  it("searches by an embedding", async () => {
    gallery.reply = () => ({
      case: "search",
      value: { matches: [], galleryFaces: 3, verdict: "no_close_match" },
    });
    const embedding = Buffer.from(EMBEDDING).toString("base64");
    expect(
      await gallery.call("POST", "/search", { embedding, model: "m@1", count: 2, minLikelihood: 0.5 }),
    ).toEqual({
      status: 200,
      body: { matches: [], galleryFaces: 3, verdict: "no_close_match" },
    });
    const question = gallery.asked[0]!.value as { embedding: Uint8Array };
    expect(Buffer.from(question.embedding).equals(Buffer.from(EMBEDDING))).toBe(true);
    for (const wrong of [
      { model: "m@1" },
      { embedding, model: "m@1", count: 0 },
      { embedding, model: "m@1", minLikelihood: 2 },
    ]) {
      expect((await gallery.call("POST", "/search", wrong)).status).toBe(400);
    }
    expect((await gallery.call("POST", "/search", "no json")).status).toBe(400);
  });

  it("serves portraits, and says when they are unchanged", async () => {
    await gallery.mesh.blobs.put(galleryBlobKey("face-1"), Buffer.from([1, 2]), "image/jpeg");
    let present = true;
    gallery.reply = () => ({ case: "hasFace", value: { present } });
    const address = `${gallery.mesh.url}/v1/gallery/faces/face-1.jpg`;
    const first = await fetch(address);
    expect([...new Uint8Array(await first.arrayBuffer())]).toEqual([1, 2]);
    const again = await fetch(address, { headers: { "if-none-match": first.headers.get("etag")! } });
    expect(again.status).toBe(304);
    // The picture is still there, as an enrolment that failed may leave it.
    present = false;
    const gone = await fetch(address, { headers: { "if-none-match": first.headers.get("etag")! } });
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ failure: { code: "face_not_found" } });
    gallery.reply = () => undefined;
    expect((await fetch(address)).status).toBe(503);
    gallery.asked = [];
    expect((await fetch(`${gallery.mesh.url}/v1/gallery/faces/none.jpg`)).status).toBe(404);
    expect(gallery.asked).toEqual([]);
    expect((await fetch(`${gallery.mesh.url}/v1/gallery/faces/..%2F..%2Fx.jpg`)).status).toBe(404);
  });

  it("exports page by page, and imports the same", async () => {
    const faces = Array.from({ length: 5 }, (_, i) => ({
      identityId: "someone",
      name: "Ada",
      consent: "herself",
      face: { id: `face-${i}`, model: "m@1", createdAtMs: 1, sourceJobId: "", source: "" },
      embedding: EMBEDDING,
      thumbnail: new Uint8Array([0xff, 0xd8, 0xff]),
    }));
    gallery.reply = (operation) => {
      if (operation.case === "import") {
        return {
          case: "import",
          value: { identities: 0, faces: operation.value.faces.length, thumbnails: 0 },
        };
      }
      const at = Number((operation.value as { pageToken: string }).pageToken || 0);
      const nextPageToken = at + 2 < faces.length ? String(at + 2) : "";
      return { case: "export", value: { faces: faces.slice(at, at + 2), nextPageToken } };
    };
    const exported = await (await fetch(`${gallery.mesh.url}/v1/gallery/export`)).text();
    const lines = exported.trimEnd().split("\n");
    expect(lines.map((line) => fromJson(ExportedFaceSchema, JSON.parse(line)).face!.id)).toEqual(
      faces.map(({ face }) => face.id),
    );
    const { status, body } = await gallery.call("POST", "/import", exported);
    expect([status, body]).toEqual([200, { identities: 0, faces: 5, thumbnails: 0 }]);
    const refused = await gallery.call("POST", "/import", `${lines[0]}\n{"embedding": 7}\n`);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ failure: { message: expect.stringContaining("Line 2") as string } });
  });

  it("ends an export that fails in the middle with the failure", async () => {
    gallery.reply = (operation): GalleryReply["reply"] | ReturnType<PlayedGallery["reply"]> =>
      (operation.value as { pageToken: string }).pageToken === ""
        ? { case: "export", value: { faces: [], nextPageToken: "2" } }
        : { case: "failure", value: { code: "gallery_unavailable", message: "away", retryable: true } };
    const text = await (await fetch(`${gallery.mesh.url}/v1/gallery/export`)).text();
    expect(JSON.parse(text)).toMatchObject({ failure: { code: "gallery_unavailable" } });
  });
});
