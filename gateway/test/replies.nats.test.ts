import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
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
import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { openLiveSocket } from "./liveSocket.js";
import {
  EMBEDDING,
  PIXEL,
  answerAll,
  extracted,
  postPixel,
  readEvents,
  startMesh,
  type Mesh,
} from "./meshFixture.js";

/** What the gateway really sends, against what openapi.yaml says: nothing missing, nothing of another kind, nothing more. */
const file = createRequire(import.meta.url).resolve("@similarfaces/contracts/openapi.yaml");
const document = parse(readFileSync(file, "utf8")) as {
  components: { schemas: Record<string, AnySchemaObject> };
};
for (const schema of Object.values(document.components.schemas)) closeWithin(schema);
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, "openapi.yaml");

/** Whatever is no part of another schema knows all of its properties. */
function closeWithin(schema: AnySchemaObject): void {
  const { properties = {}, items, allOf = [], anyOf = [], oneOf = [] } = schema;
  for (const site of [
    ...Object.values<AnySchemaObject>(properties),
    ...(items ? [items as AnySchemaObject] : []),
  ]) {
    closeWithin(site);
    site["unevaluatedProperties"] = false;
  }
  for (const part of [...allOf, ...anyOf, ...oneOf] as AnySchemaObject[]) closeWithin(part);
}

function problems(name: string, value: unknown): string[] {
  const validate = ajv.compile({
    $ref: `openapi.yaml#/components/schemas/${name}`,
    unevaluatedProperties: false,
  });
  validate(value);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

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
      return { case: operation, value: identity };
    case "search":
      return { case: "search", value: { matches: [match], galleryFaces: 1, verdict: "very_alike" } };
    case "statistics":
      return { case: "statistics", value: { identities: 1, faces: 1, driver: "played", model: "m" } };
    case "export": {
      const { id: identityId, name, consent } = identity;
      const faces = [{ identityId, name, consent, face, embedding: EMBEDDING }];
      return { case: "export", value: { faces, nextPageToken: "" } };
    }
    case "deleteFace":
      return { case: "deleteFace", value: { faces: 1 } };
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

const ask = async (method: string, path: string, body?: BodyInit): Promise<unknown> =>
  (await fetch(mesh.url + path, { method, ...(body === undefined ? {} : { body }) })).json();

async function liveMessages(jobId: string): Promise<object[]> {
  const socket = await openLiveSocket(mesh.url);
  socket.watch(jobId);
  await socket.untilEnd(jobId);
  await socket.close();
  return socket.messages;
}

describe("a job is as described", () => {
  it("when it is accepted, while it runs, and when it is complete, as JSON and as events", async () => {
    const accepted = (await ask("POST", "/v1/jobs", PIXEL)) as { jobId: string };
    expect(problems("AcceptedJob", accepted)).toEqual([]);
    const path = `/v1/jobs/${accepted.jobId}`;
    expect(problems("Job", await ask("GET", path))).toEqual([]);
    await answerAll(mesh, accepted.jobId, 2);
    const events = await readEvents(await fetch(`${mesh.url}${path}/events`));
    for (const { event, data } of events)
      expect(problems(event === "complete" ? "Completion" : "ResultEvent", data), event).toEqual([]);
    expect(problems("Job", await ask("GET", path))).toEqual([]);
    const messages = await liveMessages(accepted.jobId);
    expect(messages).toHaveLength(events.length);
    for (const message of messages) expect(problems("LiveMessage", message)).toEqual([]);
    expect(problems("DeletionReceipt", await ask("DELETE", path))).toEqual([]);
    expect(problems("FailureBody", await ask("GET", path))).toEqual([]);
  });

  it("where a stage failed, and where there is no such job", async () => {
    const { jobId } = await postPixel(mesh.url);
    const value = { code: "undecodable_image", message: "cut short", retryable: false };
    await mesh.publish({ jobId, stage: "extract", outcome: { case: "failure", value } });
    expect(problems("Job", await ask("GET", `/v1/jobs/${jobId}`))).toEqual([]);
    for (const message of await liveMessages(newJobId(Date.now())))
      expect(problems("LiveMessage", message)).toEqual([]);
  });
});

it.each<[schema: string, method: string, path: string, body?: string]>([
  ["About", "GET", "/v1/about"],
  ["Analyzers", "GET", "/v1/analyzers"],
  ["Status", "GET", "/v1/status"],
  ["IdentityPage", "GET", "/v1/gallery/identities"],
  ["Identity", "GET", "/v1/gallery/identities/ada"],
  ["Identity", "PATCH", "/v1/gallery/identities/ada", '{"name":"Ada"}'],
  ["Statistics", "GET", "/v1/gallery/statistics"],
  ["ExportedFace", "GET", "/v1/gallery/export"],
  ["GalleryReceipt", "DELETE", "/v1/gallery/faces/face"],
  ["FailureBody", "POST", "/v1/gallery/import", "no export"],
])("%s is as described: %s %s", async (schema, method, path, body) => {
  expect(problems(schema, await ask(method, path, body))).toEqual([]);
});

it("the list of analyzers is as described on a socket", async () => {
  const socket = await openLiveSocket(mesh.url);
  socket.askForAnalyzers();
  await expect.poll(() => socket.messages.length).toBe(1);
  expect(problems("LiveMessage", socket.messages[0])).toEqual([]);
  await socket.close();
});

it("Matches are as described: POST /v1/gallery/search", async () => {
  const question = { embedding: Buffer.from(EMBEDDING).toString("base64"), model: "m" };
  expect(problems("Matches", await ask("POST", "/v1/gallery/search", JSON.stringify(question)))).toEqual([]);
});

it("EnrolmentOutcomes are as described: POST /v1/gallery/identities", async () => {
  const form = new FormData();
  form.set("name", "Ada");
  form.set("consent", "herself");
  for (const name of ["1.gif", "2.gif"]) form.append("photo", new Blob([Uint8Array.from(PIXEL)]), name);
  const playing = mesh.broker.nc.subscribe("sf.v2.work.*.image", {
    callback: (_, { subject }) => void mesh.publish(extracted(subject.split(".")[3]!, 1, 0.1)),
  });
  const outcomes = await ask("POST", "/v1/gallery/identities", form);
  playing.unsubscribe();
  expect(problems("EnrolmentOutcomes", outcomes)).toEqual([]);
  expect(outcomes).toMatchObject({ warnings: [{ photo: "1.gif" }, { photo: "2.gif" }] });
});
