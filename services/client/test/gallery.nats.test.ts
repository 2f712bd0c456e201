import {
  GALLERY_QUEUE,
  GalleryReplySchema,
  GalleryRequestSchema,
  ImageWorkSchema,
  create,
  fromBinary,
  toBinary,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  EMBEDDING,
  PIXEL,
  answers,
  extracted,
  imageWorkOf,
  startMesh,
  type Mesh,
} from "../../../gateway/test/meshFixture.js";
import { createKey, openKeyBucket } from "../../../gateway/src/keys/keyBucket.js";
import { Gateway, GatewayFailure } from "../src/mod.js";

type Reply = MessageInitShape<typeof GalleryReplySchema>["reply"];

const photo = Uint8Array.from(PIXEL);
const face = { id: "face", model: "m", createdAtMs: 2, sourceJobId: "", source: "badge 7" };
const ada = { id: "ada", name: "Ada", consent: "herself", createdAtMs: 1, faces: [face] };
const receipt = { identities: 0, faces: 1, thumbnails: 1 };
/** What a deletion in the background says of itself. */
const underWay = { ...receipt, facesLeft: 900, isUnderWay: true };
const exported = { identityId: "ada", name: "Ada", consent: "herself", face, embedding: EMBEDDING };

/** Match is played: a store of one person, on two pages. */
function replyOf({ case: operation, value }: GalleryRequest["operation"]): Reply {
  switch (operation) {
    case "list": {
      const isFirst = value.pageToken === "";
      const identities = [isFirst ? ada : { ...ada, id: "bob", name: `Bob ${value.nameContains}` }];
      return { case: "list", value: { identities, nextPageToken: isFirst ? "2" : "", total: 2 } };
    }
    case "get":
      if (value.identityId === "ada") return { case: "get", value: ada };
      return {
        case: "failure",
        value: { code: "identity_not_found", message: "No such identity.", retryable: false },
      };
    case "rename":
      return { case: "rename", value: { ...ada, name: value.name } };
    case "merge":
      return { case: "merge", value: { ...ada, id: value.intoIdentityId } };
    case "statistics":
      return {
        case: "statistics",
        value: { identities: 1, faces: 1, driver: "played", model: "m", deleting: {} },
      };
    case "search": {
      const match = {
        identityId: "ada",
        name: "Ada",
        faceId: "face",
        similarity: 0.5,
        verdict: "uncalibrated",
      };
      return {
        case: "search",
        value: { matches: [match], galleryFaces: value.count, verdict: "uncalibrated" },
      };
    }
    case "export":
      return { case: "export", value: { faces: [exported], nextPageToken: "" } };
    case "import":
      return { case: "import", value: { ...receipt, faces: value.faces.length } };
    case "deleteIdentity":
      return { case: operation, value: underWay };
    case "deleteFace":
      return { case: operation, value: receipt };
    default:
      return undefined;
  }
}

let mesh: Mesh;
let gateway: Gateway;
beforeAll(async () => {
  mesh = await startMesh();
  gateway = new Gateway({ url: mesh.url, patienceMs: 0 });
  mesh.broker.nc.subscribe("sf.v2.gallery.*", {
    queue: GALLERY_QUEUE,
    callback: (_, message) => {
      const reply = replyOf(fromBinary(GalleryRequestSchema, message.data).operation);
      message.respond(toBinary(GalleryReplySchema, create(GalleryReplySchema, reply ? { reply } : {})));
    },
  });
});
afterAll(() => mesh?.stop());

it("lists people page by page, and finds, renames, merges and deletes them", async () => {
  const { gallery } = gateway;
  const names: string[] = [];
  for await (const { name } of gallery.identities("B & b")) names.push(name);
  expect(names).toEqual(["Ada", "Bob B & b"]);
  expect(await gallery.identity("ada")).toMatchObject({ consent: "herself", faces: [{ source: "badge 7" }] });
  await expect(gallery.identity("no one/else")).rejects.toMatchObject({
    name: "GatewayFailure",
    code: "identity_not_found",
    source: "answer",
  });
  expect((await gallery.rename("ada", "Ada L.")).name).toBe("Ada L.");
  expect((await gallery.merge("ada", "bob")).id).toBe("bob");
  expect(await gallery.deleteIdentity("ada")).toEqual(underWay);
  expect(await gallery.deleteFace("face")).toEqual(receipt);
  expect(await gallery.statistics()).toMatchObject({ driver: "played", faces: 1 });
});

it("exports lines, and takes them back", async () => {
  const { gallery } = gateway;
  const lines = await new Response(await gallery.export()).text();
  expect(JSON.parse(lines)).toMatchObject({ identityId: "ada", face: { id: "face" } });
  expect(await gallery.import(lines + lines)).toEqual({ ...receipt, faces: 2 });
  await expect(gallery.import("no line of an export")).rejects.toMatchObject({ code: "bad_request" });
});

it.each([
  ["somebody new", { name: "Zoë" }],
  ["somebody who is there", { identityId: "ada" }],
])("enrols a photo of %s, and waits for its face", async (_, as) => {
  const { gallery } = gateway;
  const question = { photo, fileName: "zoë 1.gif", consent: "on paper", as };
  const { identityId, jobId } = await gallery.enrol(question);
  const work = await mesh.broker.jsm.streams.getMessage("SF_IMAGES", {
    last_by_subj: `sf.v2.work.${jobId}.image`,
  });
  expect(fromBinary(ImageWorkSchema, work!.data).options?.enrolment).toMatchObject({
    identityId,
    consent: "on paper",
    source: "zoë 1.gif",
  });
  await mesh.publish(extracted(jobId, 1));
  const value = { identityId, faceId: "new face", name: "Zoë" };
  await mesh.publish({ jobId, stage: "enrol", face: 0, outcome: { case: "enrol", value } });
  expect(await gallery.enrolled(jobId)).toBe("new face");
});

it("enrols a face of a finished job, with the words for where its photo came from", async () => {
  const { gallery, jobs } = gateway;
  const { jobId } = await jobs.send(photo);
  await mesh.publish(extracted(jobId, 1));
  for (const result of answers(jobId, 0)) await mesh.publish(result);
  await expect.poll(async () => (await jobs.get(jobId)).faces[0]?.fields["embed"]?.state).toBe("done");
  const enrolling = await gallery.enrolFace({ jobId, face: 0, source: "album/1.jpg", identityId: "ada" });
  expect(enrolling.identityId).toBe("ada");
  const { options } = await imageWorkOf(mesh, enrolling.jobId);
  expect(options?.enrolment).toMatchObject({ consent: "herself", source: "album/1.jpg" });
  const nowhere = gallery.enrolFace({ jobId, face: 1, identityId: "ada" });
  await expect(nowhere).rejects.toMatchObject({ code: "face_not_found" });
});

it("searches for an embedding, and says where a face has no portrait", async () => {
  const { gallery } = gateway;
  const embedding = Buffer.from(EMBEDDING).toString("base64");
  expect(await gallery.search({ embedding, model: "m" }, 3)).toEqual({
    matches: [{ identityId: "ada", name: "Ada", faceId: "face", similarity: 0.5, verdict: "uncalibrated" }],
    galleryFaces: 3,
    verdict: "uncalibrated",
  });
  expect(await gallery.portrait("face")).toBeUndefined();
});

it("says why a photo was not enrolled", async () => {
  const { gallery } = gateway;
  const question = { photo, fileName: "1.gif", source: "album", consent: "on paper", as: { name: "Zoë" } };
  await expect(gallery.enrol({ ...question, consent: " " })).rejects.toMatchObject({
    code: "consent_required",
  });
  const { jobId } = await gallery.enrol(question);
  const failure = { code: "no_face", message: "No face was found.", retryable: false };
  await mesh.publish({ jobId, stage: "extract", outcome: { case: "failure", value: failure } });
  const enrolling = gallery.enrolled(jobId);
  await expect(enrolling).rejects.toBeInstanceOf(GatewayFailure);
  await expect(enrolling).rejects.toMatchObject({ ...failure, source: "event" });
});

it("tells what the installation is and does", async () => {
  expect((await gateway.about()).limits.facesMax).toBe(64);
  expect((await gateway.status()).connected).toBe(true);
});

it("sends its key, and is refused without one where there are keys", async () => {
  const apiKey = await createKey(await openKeyBucket(mesh.broker), "a reader", ["gallery:read"]);
  const { gallery } = new Gateway({ url: mesh.url, apiKey, patienceMs: 0 });
  // The gateway learns of a key by watching.
  await expect.poll(() => gallery.statistics().catch(() => undefined)).toMatchObject({ faces: 1 });
  await expect(gallery.deleteFace("face")).rejects.toMatchObject({ code: "forbidden", retryable: false });
  await expect(gateway.gallery.deleteFace("face")).rejects.toMatchObject({ code: "unauthorized" });
});
