import {
  GALLERY_QUEUE,
  GalleryReplySchema,
  GalleryRequestSchema,
  create,
  fromBinary,
  newJobId,
  toBinary,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { galleryBlobKey, jobBlobKey } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operationOf, operations, problems, problemsOf, schemaOf } from "./describedReplies.js";
import { openLiveSocket } from "./liveSocket.js";
import {
  EMBEDDING,
  PIXEL,
  answerAll,
  extracted,
  postPixel,
  readEvents,
  sheetOf,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

/** What the gateway really sends, against what openapi.yaml says: nothing missing, nothing of another kind, nothing more. */
const asked = new Set<string>();

const face = { id: "face", model: "m", createdAtMs: 2, sourceJobId: "j", source: "album" };
const identity = { id: "ada", name: "Ada", consent: "herself", createdAtMs: 1, faces: [face] };
const match = {
  identityId: "ada",
  name: "Ada",
  faceId: "face",
  similarity: 0.9,
  likelihood: 1,
  verdict: "very_alike",
};

function replyOf({
  case: operation,
}: GalleryRequest["operation"]): MessageInitShape<typeof GalleryReplySchema>["reply"] {
  switch (operation) {
    case "list":
      return { case: "list", value: { identities: [identity], nextPageToken: "2", total: 2 } };
    case "get":
    case "rename":
    case "merge":
      return { case: operation, value: identity };
    case "search":
      return { case: "search", value: { matches: [match], galleryFaces: 1, verdict: "very_alike" } };
    case "statistics":
      return {
        case: "statistics",
        value: { identities: 1, faces: 1, driver: "played", model: "m", deleting: {} },
      };
    case "export": {
      const { id: identityId, name, consent } = identity;
      const faces = [{ identityId, name, consent, face, embedding: EMBEDDING }];
      return { case: "export", value: { faces, nextPageToken: "" } };
    }
    case "deleteFace":
    case "deleteIdentity":
    case "import":
      return { case: operation, value: { identities: 1, faces: 1 } };
    case "hasFace":
      return { case: "hasFace", value: { present: true } };
    default:
      return undefined;
  }
}

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
  mesh.broker.nc.subscribe("sf.v2.gallery.*", {
    queue: GALLERY_QUEUE,
    callback: (_, message) => {
      const reply = replyOf(fromBinary(GalleryRequestSchema, message.data).operation);
      message.respond(toBinary(GalleryReplySchema, create(GalleryReplySchema, reply ? { reply } : {})));
    },
  });
});
afterAll(() => mesh?.stop());

/** What an address answers: a status, a type and a body that are described of it. */
async function ask(method: string, path: string, init: Omit<RequestInit, "method"> = {}): Promise<unknown> {
  const response = await fetch(mesh.url + path, { method, ...init });
  const type = response.headers.get("content-type")!.split(";")[0]!;
  const body = type === "application/json" ? await response.json() : await response.text();
  const { name, responses } = operationOf(method, path);
  const schema = schemaOf(responses[response.status], type);
  expect(schema, `${method} ${path}: ${response.status} ${type}`).toBeDefined();
  expect(problemsOf(schema!, body), `${method} ${path}: ${response.status}`).toEqual([]);
  asked.add(name);
  return body;
}

async function liveMessages(jobId: string): Promise<object[]> {
  const socket = await openLiveSocket(mesh.url);
  socket.watch(jobId);
  await socket.untilEnd(jobId);
  await socket.close();
  return socket.messages;
}

describe("a job is as described", () => {
  it("when it is accepted, while it runs, and when it is complete, as JSON and as events", async () => {
    const { jobId } = (await ask("POST", "/v1/jobs", { body: PIXEL })) as { jobId: string };
    const path = `/v1/jobs/${jobId}`;
    await ask("GET", path);
    await answerAll(mesh, jobId, 2);
    const events = await readEvents(await fetch(`${mesh.url}${path}/events`));
    for (const { event, data } of events)
      expect(problems(event === "complete" ? "Completion" : "ResultEvent", data), event).toEqual([]);
    await ask("GET", `${path}/events`);
    expect(await ask("GET", path)).toMatchObject({ state: "complete" });
    const messages = await liveMessages(jobId);
    expect(messages).toHaveLength(events.length);
    for (const message of messages) expect(problems("LiveMessage", message)).toEqual([]);
    await ask("DELETE", path);
    expect(await ask("GET", path)).toHaveProperty("failure");
  });

  it("in pictures", async () => {
    const { jobId } = await postPixel(mesh.url);
    await answerAll(mesh, jobId);
    const sheet = await sheetOf([200]);
    for (const name of ["photo.jpg", "faces.jpg"] as const)
      await mesh.blobs.put(jobBlobKey(jobId, name), sheet, "image/jpeg");
    await mesh.blobs.put(galleryBlobKey("face"), sheet, "image/jpeg");
    for (const name of ["photo.jpg", "faces.jpg", "faces/0.jpg"])
      await ask("GET", `/v1/jobs/${jobId}/${name}`);
    await ask("GET", "/v1/gallery/faces/face.jpg");
    expect(await ask("GET", `/v1/jobs/${jobId}/faces/1.jpg`)).toHaveProperty("failure");
  });

  it("where a stage failed, and where there is no such job", async () => {
    const { jobId } = await postPixel(mesh.url);
    const value = { code: "undecodable_image", message: "cut short", retryable: false };
    await mesh.publish({ jobId, stage: "extract", outcome: { case: "failure", value } });
    await ask("GET", `/v1/jobs/${jobId}`);
    for (const message of await liveMessages(newJobId(Date.now())))
      expect(problems("LiveMessage", message)).toEqual([]);
  });
});

const exported = JSON.stringify({
  identityId: "ada",
  name: "Ada",
  consent: "herself",
  face,
  embedding: Buffer.from(EMBEDDING).toString("base64"),
  thumbnail: "",
});
it.each<[method: string, path: string, body?: string]>([
  ["GET", "/v1/about"],
  ["GET", "/v1/analyzers"],
  ["GET", "/v1/status"],
  ["GET", "/v1/openapi.json"],
  ["GET", "/healthz"],
  ["GET", "/readyz"],
  ["POST", "/v1/jobs?stages=nobody", "no photo"],
  ["GET", "/v1/jobs/none"],
  ["GET", "/v1/gallery/identities"],
  ["GET", "/v1/gallery/identities?pageSize=0"],
  ["GET", "/v1/gallery/identities/ada"],
  ["PATCH", "/v1/gallery/identities/ada", '{"name":"Ada"}'],
  ["POST", "/v1/gallery/identities/ada/merge", '{"into":"grace"}'],
  ["DELETE", "/v1/gallery/identities/ada"],
  ["GET", "/v1/gallery/statistics"],
  ["GET", "/v1/gallery/export"],
  ["DELETE", "/v1/gallery/faces/face"],
  ["GET", "/v1/gallery/faces/none.jpg"],
  ["POST", "/v1/gallery/import", exported],
  ["POST", "/v1/gallery/import", "no export"],
])("the reply is as described: %s %s", async (method, path, body) => {
  const reply = await ask(method, path, body === undefined ? {} : { body });
  if (path.endsWith("/export")) expect(problems("ExportedFace", JSON.parse(reply as string))).toEqual([]);
});

it("the list of analyzers is as described in events", async () => {
  const ended = new AbortController();
  const headers = { accept: "text/event-stream" };
  const response = await fetch(`${mesh.url}/v1/analyzers`, { headers, signal: ended.signal });
  const [event] = await readEvents(response, 1);
  ended.abort();
  expect(problems("Analyzers", event!.data)).toEqual([]);
});

it("the list of analyzers is as described on a socket", async () => {
  const socket = await openLiveSocket(mesh.url);
  socket.askForAnalyzers();
  await expect.poll(() => socket.messages.length).toBe(1);
  expect(problems("LiveMessage", socket.messages[0])).toEqual([]);
  await socket.close();
});

it("matches are as described", async () => {
  const question = { embedding: Buffer.from(EMBEDDING).toString("base64"), model: "m" };
  expect(await ask("POST", "/v1/gallery/search", { body: JSON.stringify(question) })).toHaveProperty(
    "matches",
  );
});

it("what becomes of an enrolment's photos is as described", async () => {
  const form = (fields: Record<string, string>, names: readonly string[]): FormData => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    for (const name of names) data.append("photo", new Blob([Uint8Array.from(PIXEL)]), name);
    return data;
  };
  const playing = mesh.broker.nc.subscribe("sf.v2.work.*.image", {
    callback: (_, { subject }) => void mesh.publish(extracted(subject.split(".")[3]!, 1, 0.1)),
  });
  const body = form({ name: "Ada", consent: "herself" }, ["1.gif", "2.gif"]);
  const outcomes = await ask("POST", "/v1/gallery/identities", { body });
  await ask("POST", "/v1/gallery/identities/ada/faces", { body: form({}, ["3.gif"]) });
  playing.unsubscribe();
  expect(outcomes).toMatchObject({ warnings: [{ photo: "1.gif" }, { photo: "2.gif" }] });
});

it("no operation was left out", () => {
  const left = operations.map(({ name }) => name).filter((name) => !asked.has(name));
  // Its replies are messages of the socket.
  expect(left).toEqual(["GET /v1/live"]);
});
