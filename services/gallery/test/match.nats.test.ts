import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import {
  CHIP_BYTES,
  CHIP_SIDE,
  EmbeddingWorkSchema,
  EnrolWorkSchema,
  GALLERY_OPERATIONS,
  GalleryReplySchema,
  GalleryRequestSchema,
  create,
  embeddingToBytes,
  embeddingWorkSubject,
  enrolWorkSubject,
  fromBinary,
  gallerySubject,
  newJobId,
  toBinary,
  type GalleryOperation,
  type GalleryReply,
  type MessageInitShape,
  type Result,
} from "@similarfaces/contracts";
import { startMatch, type MatchConfig } from "@similarfaces/gallery";
import {
  connectBroker,
  createLog,
  createMetrics,
  galleryBlobKey,
  openBlobs,
  provision,
  storedResult,
  type Blobs,
  type Broker,
  type Service,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { embedding, near } from "./gallerySuite.js";

/** Of the pack in the repository, whose manifest says what cosines mean. */
const GALLERY_AWAY = "the gallery is away";
const MODEL = "compact-embed@1.0.0";
const CONFIG: MatchConfig = {
  galleryDriver: "nats",
  galleryMaxMib: 8,
  gallerySnapshotFile: undefined,
  elasticsearchUrl: undefined,
  elasticsearchApiKey: undefined,
  elasticsearchIndex: "unused",
  elasticsearchIndexKind: "int8_hnsw",
  nodeType: "cpu",
  stageConcurrency: 0,
  graceMs: 5_000,
  modelsDir: fileURLToPath(new URL("../../../models", import.meta.url)),
  modelPack: "compact",
  modelPacks: {},
  stages: ["extract", "embed", "match", "enrol"],
};
const log = createLog({ service: "test", level: "silent" });
let server: NatsServer;
let broker: Broker;
let blobs: Blobs;
let replicas: Service[];
const metrics = createMetrics({ service: "test", version: "0", emitters: ["stage", "match"] });

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: CONFIG.stages });
  blobs = await openBlobs(
    {
      blobsDriver: "nats",
      jobTtlMs: 120_000,
      s3Bucket: "",
      s3Endpoint: undefined,
      s3Region: "",
      s3ForcePathStyle: false,
      s3ServerSideEncryption: "none",
    },
    broker,
  );
  replicas = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.drain()));
  await broker?.close();
  await server?.stop();
});
beforeEach(async () => {
  for (;;) {
    const { identities } = await ask("list", { nameContains: "", pageSize: 100, pageToken: "" });
    for (const { id } of identities) await ask("deleteIdentity", { identityId: id });
    if (identities.length === 0) return;
  }
});

function start(): Promise<Service> {
  return startMatch({ config: CONFIG, broker, blobs, metrics, log, signal: new AbortController().signal });
}

type Case = Exclude<GalleryReply["reply"]["case"], undefined | "failure">;
type Answer<C extends Case> = Extract<GalleryReply["reply"], { case: C }>["value"];
type Question = NonNullable<MessageInitShape<typeof GalleryRequestSchema>["operation"]>;

const SUBJECTS: Partial<Record<Case, GalleryOperation>> = {
  deleteIdentity: "delete_identity",
  deleteFace: "delete_face",
  hasFace: "has_face",
};

async function reply<C extends Case>(operation: C, value: unknown): Promise<GalleryReply["reply"]> {
  const request = create(GalleryRequestSchema, { operation: { case: operation, value } as Question });
  const subject = gallerySubject(SUBJECTS[operation] ?? (operation as GalleryOperation));
  const message = await broker.nc.request(subject, toBinary(GalleryRequestSchema, request), {
    timeout: 9_000,
  });
  return fromBinary(GalleryReplySchema, message.data).reply;
}

async function ask<C extends Case>(operation: C, value: unknown): Promise<Answer<C>> {
  const answered = await reply(operation, value);
  if (answered.case !== operation) throw new Error(JSON.stringify(answered));
  return answered.value as Answer<C>;
}

async function resultOf(jobId: string, stage: "match" | "enrol", face = 0): Promise<Result> {
  const stored = () => storedResult(broker, jobId, stage, face);
  await expect.poll(stored, { timeout: 20_000, interval: 25 }).toBeTruthy();
  return (await stored())!;
}

interface Enrolling {
  jobId?: string;
  vector?: Float32Array;
  embedding?: Uint8Array;
  model?: string;
  name?: string;
  consent?: string;
  identityId?: string;
  portrait?: MessageInitShape<typeof EnrolWorkSchema>["portrait"];
  deadlineAtMs?: number;
}

/** Without a message id: what is published twice is delivered twice. */
async function enrol({ jobId = newJobId(Date.now()), vector = embedding(1), ...more }: Enrolling) {
  const work = create(EnrolWorkSchema, {
    jobId,
    face: 0,
    embedding: more.embedding ?? embeddingToBytes(vector),
    model: more.model ?? MODEL,
    portrait: more.portrait ?? { case: "chip", value: randomBytes(CHIP_BYTES) },
    deadlineAtMs: more.deadlineAtMs ?? Date.now() + 60_000,
    enrolment: {
      identityId: more.identityId ?? `of-${jobId}`,
      name: more.name ?? "Ada",
      consent: more.consent ?? "signed",
      source: "badge.jpg",
    },
  });
  await broker.js.publish(enrolWorkSubject(jobId, 0), toBinary(EnrolWorkSchema, work));
  return jobId;
}

async function enrolled(options: Enrolling) {
  const { outcome } = await resultOf(await enrol(options), "enrol");
  if (outcome.case !== "enrol") throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

interface Probing {
  vector?: Float32Array;
  embedding?: Uint8Array;
  model?: string;
  matchCount?: number;
  deadlineAtMs?: number;
}

async function match({ vector = embedding(1), ...more }: Probing): Promise<Result> {
  const jobId = newJobId(Date.now());
  const work = create(EmbeddingWorkSchema, {
    jobId,
    face: 0,
    embedding: more.embedding ?? embeddingToBytes(vector),
    model: more.model ?? MODEL,
    deadlineAtMs: more.deadlineAtMs ?? Date.now() + 60_000,
    ...(more.matchCount === undefined ? {} : { options: { matchCount: more.matchCount } }),
  });
  await broker.js.publish(embeddingWorkSubject(jobId, 0), toBinary(EmbeddingWorkSchema, work));
  return resultOf(jobId, "match");
}

async function matches(options: Probing) {
  const { outcome } = await match(options);
  if (outcome.case !== "match") throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

describe("the stage match", () => {
  it("answers an empty gallery with no close match", async () => {
    expect(await matches({})).toMatchObject({ matches: [], galleryFaces: 0, verdict: "no_close_match" });
  });

  it("gives the five nearest people, the likelihood by the pack's calibration and the verdict in words", async () => {
    const cosines = [0.6, 0.45, 0.35, 0.1, -0.3, -0.5];
    for (const [i, cosine] of cosines.entries()) {
      await enrolled({ vector: near(embedding(1), cosine, i), identityId: `i${i}`, name: `Person ${i}` });
    }
    // A second, poorer face of the nearest.
    await enrolled({ vector: near(embedding(1), 0.5, 20), identityId: "i0" });
    await expect.poll(async () => (await matches({})).galleryFaces).toBe(7);
    const found = await matches({});
    expect(found.verdict).toBe("very_alike");
    expect(found.matches.map(({ identityId, verdict }) => [identityId, verdict])).toEqual([
      ["i0", "very_alike"],
      ["i1", "quite_alike"],
      ["i2", "a_little_alike"],
      ["i3", "no_close_match"],
      ["i4", "no_close_match"],
    ]);
    expect(found.matches[0]!.similarity).toBeCloseTo(0.6, 3);
    // 1 / (1 + exp(-(24.2252 cosine - 5.737))), of models/compact/embed/manifest.json.
    expect(found.matches[0]!.likelihood).toBeCloseTo(1 / (1 + Math.exp(-(24.2252 * 0.6 - 5.737))), 3);
    expect(found.matches[3]!.likelihood).toBeCloseTo(1 / (1 + Math.exp(-(24.2252 * 0.1 - 5.737))), 3);
    expect((await matches({ matchCount: 2 })).matches.length).toBe(2);
    expect((await matches({ vector: embedding(77) })).verdict).toBe("no_close_match");
  });

  it.each([
    ["of a wrong size", { embedding: new Uint8Array(2_044) }, "invalid_embedding"],
    ["that is empty", { embedding: new Uint8Array(0) }, "invalid_embedding"],
    ["with a NaN", { embedding: embeddingToBytes(embedding(1).fill(NaN, 3, 4)) }, "invalid_embedding"],
    [
      "of another length",
      { embedding: embeddingToBytes(embedding(1).map((x) => 2 * x)) },
      "invalid_embedding",
    ],
    ["of another model", { model: "other@1.0.0" }, "model_mismatch"],
  ])("refuses an embedding %s, at once and for good", async (_, bad, code) => {
    const { outcome, attempt } = await match(bad);
    expect(outcome).toMatchObject({ case: "failure", value: { code, retryable: false } });
    expect(attempt).toBe(1);
  });

  it("publishes a failure for bytes that are no message", async () => {
    const jobId = newJobId(Date.now());
    await broker.js.publish(embeddingWorkSubject(jobId, 3), new Uint8Array([0xff, 0xff, 0xff]));
    const { outcome } = await resultOf(jobId, "match", 3);
    expect(outcome).toMatchObject({ case: "failure", value: { code: "malformed_message" } });
  });
});

describe("the stage enrol", () => {
  it("adds a face with a portrait of 144 by 144", async () => {
    const jobId = newJobId(Date.now());
    const { identityId, faceId, name } = await enrolled({ jobId, name: " Ada ", identityId: "ada" });
    expect([identityId, name]).toEqual(["ada", "Ada"]);
    expect(faceId).not.toContain(jobId);
    const portrait = await blobs.get(galleryBlobKey(faceId));
    expect(await sharp(portrait!.bytes).metadata()).toMatchObject({
      format: "jpeg",
      width: CHIP_SIDE,
      height: CHIP_SIDE,
    });
    expect(await ask("get", { identityId })).toMatchObject({
      name: "Ada",
      consent: "signed",
      faces: [{ id: faceId, model: MODEL, sourceJobId: jobId, source: "badge.jpg" }],
    });
    await expect.poll(async () => (await matches({})).matches[0]?.identityId).toBe("ada");
  });

  it("adds nothing when the work comes again, or the photo", async () => {
    const jobId = newJobId(Date.now());
    const first = await enrolled({ jobId, identityId: "ada" });
    await enrol({ jobId, identityId: "ada" });
    const again = await enrolled({ identityId: "ada" });
    expect(again.faceId).toBe(first.faceId);
    await expect
      .poll(async () => (await broker.jsm.consumers.info("SF_EMBEDDINGS", "enrol")).num_ack_pending)
      .toBe(0);
    expect((await ask("get", { identityId: "ada" })).faces.length).toBe(1);
    expect((await blobs.list("gallery/")).length).toBe(1);
  });

  it("takes a portrait that is there already", async () => {
    const raw = { create: { width: 144, height: 144, channels: 3 as const, background: "red" } };
    const value = await sharp(raw).jpeg().toBuffer();
    const { faceId } = await enrolled({ portrait: { case: "thumbnail", value } });
    expect(Buffer.from((await blobs.get(galleryBlobKey(faceId)))!.bytes).equals(value)).toBe(true);
  });

  it.each([
    ["a name of 10,000 characters", { name: "a".repeat(10_000) }, "invalid_name"],
    ["a name with control characters", { name: "Ada\u0007" }, "invalid_name"],
    ["no consent", { consent: " " }, "consent_required"],
    ["an embedding of a wrong size", { embedding: new Uint8Array(100) }, "invalid_embedding"],
    ["an embedding of another model", { model: "other@2.0.0" }, "model_mismatch"],
    ["an identity whose id is a path", { identityId: "../ada" }, "identity_not_found"],
    ["a chip of another size", { portrait: { case: "chip", value: new Uint8Array(5) } }, "malformed_message"],
    [
      "a portrait that is no JPEG",
      { portrait: { case: "thumbnail", value: Buffer.from("<svg/>") } },
      "bad_request",
    ],
  ] as [string, Enrolling, string][])("refuses %s, and nothing is stored", async (_, bad, code) => {
    const { outcome } = await resultOf(await enrol(bad), "enrol");
    expect(outcome).toMatchObject({ case: "failure", value: { code, retryable: false } });
    expect(await ask("statistics", {})).toMatchObject({ identities: 0, faces: 0 });
    expect(await blobs.list("gallery/")).toEqual([]);
  });
});

describe("the gallery service", () => {
  it("answers every operation", async () => {
    const { faceId } = await enrolled({ identityId: "ada", name: "Ada" });
    await enrolled({ identityId: "bea", name: "Bea", vector: embedding(2) });
    expect(await ask("list", { nameContains: "AD", pageSize: 5, pageToken: "" })).toMatchObject({
      identities: [{ id: "ada" }],
      total: 1,
    });
    expect(await ask("statistics", {})).toMatchObject({
      identities: 2,
      faces: 2,
      driver: "nats",
      model: MODEL,
    });
    const question = { embedding: embeddingToBytes(near(embedding(1), 0.6)), model: MODEL, count: 2 };
    await expect.poll(async () => (await ask("search", question)).galleryFaces).toBe(2);
    const found = await ask("search", question);
    expect(found).toMatchObject({
      verdict: "very_alike",
      matches: [{ identityId: "ada" }, { identityId: "bea" }],
    });
    expect((await ask("search", { ...question, minLikelihood: 0.5 })).matches.length).toBe(1);
    expect(await ask("rename", { identityId: "ada", name: "Ada L." })).toMatchObject({ name: "Ada L." });
    const { faces } = await ask("export", { pageSize: 10, pageToken: "" });
    expect(faces.map(({ name }) => name).sort()).toEqual(["Ada L.", "Bea"]);
    expect(faces.every(({ thumbnail }) => thumbnail.length > 100)).toBe(true);
    const merged = await ask("merge", { fromIdentityId: "ada", intoIdentityId: "bea" });
    expect(merged.faces.length).toBe(2);
    expect(await ask("hasFace", { faceId })).toMatchObject({ present: true });
    expect(await ask("deleteFace", { faceId })).toMatchObject({ faces: 1, thumbnails: 1 });
    expect(await ask("hasFace", { faceId })).toMatchObject({ present: false });
    expect(await ask("deleteIdentity", { identityId: "bea" })).toMatchObject({ identities: 1, faces: 1 });
    expect(await ask("import", { faces })).toMatchObject({ identities: 2, faces: 2, thumbnails: 2 });
    expect(await ask("import", { faces })).toMatchObject({ identities: 0, faces: 0, thumbnails: 0 });
  });

  it("does nothing for a question that the broker was made to ask, with no asker behind it", async () => {
    await enrolled({ identityId: "ada" });
    const value = { identityId: "ada" };
    const request = create(GalleryRequestSchema, { operation: { case: "deleteIdentity", value } });
    const bytes = toBinary(GalleryRequestSchema, request);
    const subject = gallerySubject("delete_identity");
    // Often enough that each replica gets some.
    for (let i = 0; i < 20; i++) {
      broker.nc.publish(subject, bytes);
      broker.nc.publish(subject, bytes, { reply: "$JS.ACK.SF_FACES.age.1.1.1.1.0" });
    }
    await broker.nc.flush();
    // Whoever drains ends what it has been asked first.
    await Promise.all(replicas.map((replica) => replica.drain()));
    replicas = await Promise.all([start(), start()]);
    expect(await ask("get", value)).toMatchObject({ id: "ada" });
  });

  it("shows a change to the next question, whichever replica answers", async () => {
    await enrolled({ identityId: "ada" });
    for (let i = 0; i < 20; i++) {
      await ask("rename", { identityId: "ada", name: `Name ${i}` });
      expect((await ask("get", { identityId: "ada" })).name).toBe(`Name ${i}`);
    }
  });

  it.each([
    ["list", { pageSize: 0 }, "bad_request"],
    ["list", { pageSize: 5, pageToken: "?" }, "bad_request"],
    ["get", { identityId: "nobody" }, "identity_not_found"],
    ["search", { embedding: new Uint8Array(3), model: MODEL, count: 1 }, "invalid_embedding"],
    ["search", { embedding: embeddingToBytes(embedding(1)), model: "other@1", count: 1 }, "model_mismatch"],
    ["search", { embedding: embeddingToBytes(embedding(1)), model: MODEL, count: 1_000 }, "bad_request"],
    ["rename", { identityId: "nobody", name: "Ada" }, "identity_not_found"],
    ["rename", { identityId: "nobody", name: "a".repeat(10_000) }, "invalid_name"],
    ["merge", { fromIdentityId: "nobody", intoIdentityId: "none" }, "identity_not_found"],
    ["deleteFace", { faceId: "none" }, "face_not_found"],
    ["deleteIdentity", { identityId: "nobody" }, "identity_not_found"],
    ["export", { pageSize: 501 }, "bad_request"],
    ["import", { faces: [{ name: "Ada" }] }, "invalid_embedding"],
  ] as [Case, object, string][])("answers %s of %j with %s", async (operation, question, code) => {
    expect(await reply(operation, question)).toMatchObject({
      case: "failure",
      value: { code, retryable: false },
    });
  });

  it.each(GALLERY_OPERATIONS)("answers bytes that are no request on %s", async (operation) => {
    for (const bytes of [new Uint8Array(0), new Uint8Array([0xff, 0xff])]) {
      const { data } = await broker.nc.request(gallerySubject(operation), bytes, { timeout: 9_000 });
      expect(fromBinary(GalleryReplySchema, data).reply).toMatchObject({
        case: "failure",
        value: { code: "malformed_message" },
      });
    }
  });

  it("exports in pages what no single message could hold", async () => {
    const value = await sharp(randomBytes(400 * 400 * 3), { raw: { width: 400, height: 400, channels: 3 } })
      .jpeg({ quality: 30 })
      .toBuffer();
    expect(value.length).toBeGreaterThan(30_000);
    const faces = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        enrolled({ vector: embedding(i), identityId: "many", portrait: { case: "thumbnail", value } }),
      ),
    );
    const ids: string[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const page = await ask("export", { pageSize: 500, pageToken });
      ids.push(...page.faces.map(({ face }) => face!.id));
      pageToken = page.nextPageToken;
      pages++;
    } while (pageToken !== "");
    expect(pages).toBeGreaterThan(1);
    expect(ids.sort()).toEqual(faces.map(({ faceId }) => faceId).sort());
  });

  it("goes on while one replica drains", async () => {
    const third = await start();
    const asking = Promise.all(Array.from({ length: 60 }, () => ask("statistics", {})));
    await third.drain();
    expect((await asking).length).toBe(60);
    expect(third.unready?.()).toBe(GALLERY_AWAY);
  });

  it("measures operations by outcome", async () => {
    const text = await metrics.registry.metrics();
    for (const labels of [
      'driver="nats",operation="search",outcome="ok"',
      'driver="nats",operation="enrol",outcome="ok"',
      // Each replica at its start.
      'driver="nats",operation="sweep_portraits",outcome="ok"',
    ]) {
      expect(text).toContain(`similarfaces_gallery_operation_seconds_count{${labels}}`);
    }
    expect(text).toContain('similarfaces_gallery_faces{driver="nats"}');
  });
});

describe("a gallery that cannot be stored or asked", () => {
  it("fails the job with gallery_full when its time is over", async () => {
    const full = { ...(await broker.jsm.streams.info("KV_SF_GALLERY")).config };
    await broker.jsm.streams.update(full.name, { max_bytes: 100 });
    try {
      const jobId = await enrol({ deadlineAtMs: Date.now() + 4_000 });
      const { outcome } = await resultOf(jobId, "enrol");
      expect(outcome).toMatchObject({ case: "failure", value: { code: "gallery_full", retryable: true } });
      expect(await blobs.list("gallery/")).toEqual([]);
    } finally {
      await broker.jsm.streams.update(full.name, { max_bytes: full.max_bytes });
    }
    expect(await ask("statistics", {})).toMatchObject({ identities: 0, faces: 0 });
  });

  it("fails the job with gallery_unavailable when the bucket is gone, and serves again when it is back", async () => {
    const { config } = await broker.jsm.streams.info("KV_SF_GALLERY");
    await broker.jsm.streams.delete(config.name);
    const reasons = () => new Set(replicas.map((replica) => replica.unready?.()));
    await expect.poll(reasons, { timeout: 10_000 }).toEqual(new Set([GALLERY_AWAY]));
    const { outcome } = await match({ deadlineAtMs: Date.now() + 4_000 });
    expect(outcome).toMatchObject({
      case: "failure",
      value: { code: "gallery_unavailable", retryable: true },
    });
    expect(await reply("statistics", {})).toMatchObject({
      case: "failure",
      value: { code: "gallery_unavailable" },
    });
    await broker.jsm.streams.add(config);
    await expect.poll(reasons, { timeout: 10_000 }).toEqual(new Set([undefined]));
    await enrolled({ identityId: "ada" });
    await expect.poll(async () => (await matches({})).matches[0]?.identityId).toBe("ada");
  });
});
