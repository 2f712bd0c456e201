import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  GalleryReplySchema,
  GalleryRequestSchema,
  create,
  embeddingToBytes,
  fromBinary,
  gallerySubject,
  toBinary,
  type GalleryOperation,
  type GalleryReply,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { connectBroker, provision, type Broker } from "@similarfaces/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { elasticsearchForTests, type ElasticsearchForTests } from "./elasticsearchForTests.js";
import { PORTRAIT, embedding } from "./fixtures.js";
import { MODEL } from "./matchProcesses.js";

const PROGRAM = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));
const FACES_PER_MESSAGE = 150;
const PATIENCE = { timeout: 120_000, interval: 50 };

let nats: NatsServer;
let broker: Broker;
let elasticsearch: ElasticsearchForTests | undefined;
let running: ChildProcess | undefined;
beforeAll(async () => {
  elasticsearch = await elasticsearchForTests();
}, 240_000);
afterEach(async () => {
  running?.kill("SIGKILL");
  await broker?.close();
  await nats?.stop();
});
afterAll(() => elasticsearch?.own?.stop());

describe("a process that is killed while it deletes somebody with many faces", () => {
  it(
    "is followed by one that goes on, on nats",
    () => expectGoneOn(3_000, { GALLERY_DRIVER: "nats" }),
    240_000,
  );

  it("is followed by one that goes on, on elasticsearch", async ({ skip }) => {
    if (!elasticsearch) return skip("no Elasticsearch");
    const { url, apiKey } = elasticsearch;
    // Each face writes the whole record of its identity there.
    await expectGoneOn(600, {
      GALLERY_DRIVER: "elasticsearch",
      ELASTICSEARCH_URL: url,
      ELASTICSEARCH_INDEX: "similarfaces-killed",
      ...(apiKey ? { ELASTICSEARCH_API_KEY: apiKey } : {}),
    });
  }, 240_000);
});

async function expectGoneOn(count: number, env: Record<string, string>): Promise<void> {
  nats = await startNatsServer();
  broker = await connectBroker({ url: nats.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: ["extract", "embed", "match", "enrol"] });
  start(env);
  await expect.poll(() => answered("statistics", {}), PATIENCE).toBe("statistics");
  for (let from = 0; from < count; from += FACES_PER_MESSAGE) {
    const faces = Array.from({ length: FACES_PER_MESSAGE }, (_, i) => exported(from + i));
    expect(await ask("import", { faces }, 60_000)).toMatchObject({ value: { faces: FACES_PER_MESSAGE } });
  }
  // Within the time that a request has.
  const begun = await ask("deleteIdentity", { identityId: "many" });
  expect(begun).toMatchObject({ value: { isUnderWay: true } });
  expect(await ask("list", { nameContains: "", pageSize: 10, pageToken: "" })).toMatchObject({
    value: { identities: [] },
  });
  await expect.poll(async () => (await receipt()).faces, PATIENCE).toBeGreaterThan(0);
  const killed = once(running!, "exit");
  running!.kill("SIGKILL");
  await killed;
  start(env);
  await expect.poll(() => answered("statistics", {}), PATIENCE).toBe("statistics");
  await expect.poll(async () => (await receipt()).isUnderWay, PATIENCE).toBe(false);
  expect(await receipt()).toMatchObject({
    identities: 1,
    faces: count,
    thumbnails: count,
    facesLeft: 0,
  });
  expect(await ask("statistics", {})).toMatchObject({
    value: { identities: 0, faces: 0, deleting: { identities: 0, faces: 0 } },
  });
}

function start(env: Record<string, string>): void {
  running = spawn(process.execPath, [PROGRAM], {
    env: {
      PATH: process.env["PATH"],
      NATS_URL: nats.url,
      HEALTH_PORT: "0",
      MODELS_DIR: MODELS,
      MODEL_PRECISION: "float32",
      STAGES: "extract,embed,match,enrol",
      GALLERY_MAX_MIB: "64",
      ...env,
    },
    stdio: "ignore",
  });
}

function exported(i: number) {
  return {
    identityId: "many",
    name: "Many",
    consent: "signed",
    embedding: embeddingToBytes(embedding(i)),
    thumbnail: PORTRAIT,
    face: { id: `f${i}`, model: MODEL, createdAtMs: 1 },
  };
}

async function receipt() {
  const reply = await ask("deleteIdentity", { identityId: "many" });
  if (reply.case !== "deleteIdentity") throw new Error(JSON.stringify(reply));
  return reply.value;
}

async function answered(operation: "statistics", value: object): Promise<string | undefined> {
  return ask(operation, value).then(
    (reply) => reply.case,
    () => undefined,
  );
}

const SUBJECTS: Partial<Record<string, GalleryOperation>> = { deleteIdentity: "delete_identity" };

async function ask(
  operation: "statistics" | "import" | "list" | "deleteIdentity",
  value: object,
  timeout = 10_000,
): Promise<GalleryReply["reply"]> {
  const request = create(GalleryRequestSchema, {
    operation: { case: operation, value } as MessageInitShape<typeof GalleryRequestSchema>["operation"],
  } as MessageInitShape<typeof GalleryRequestSchema>);
  const subject = gallerySubject(SUBJECTS[operation] ?? (operation as GalleryOperation));
  const message = await broker.nc.request(
    subject,
    toBinary(GalleryRequestSchema, request satisfies GalleryRequest),
    {
      timeout,
    },
  );
  return fromBinary(GalleryReplySchema, message.data).reply;
}
