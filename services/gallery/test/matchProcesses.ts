import { fileURLToPath } from "node:url";
import {
  EmbeddingWorkSchema,
  EnrolWorkSchema,
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
  type Enrolment,
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
  openBlobs,
  provision,
  storedResult,
  type Blobs,
  type Broker,
  type Service,
} from "@similarfaces/runtime";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { EYES, PORTRAIT, embedding } from "./fixtures.js";

/** The embedder of the pack in the repository, whose manifest calibrates cosines. */
export const MODEL = "compact-embed@2.0.0+float32";
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
  modelPrecision: { usual: "float32", of: {} },
  stages: ["extract", "embed", "match", "enrol"],
};
const log = createLog({ service: "test", level: "silent" });

export type Case = Exclude<GalleryReply["reply"]["case"], undefined | "failure">;
type Answer<C extends Case> = Extract<GalleryReply["reply"], { case: C }>["value"];
type Question = NonNullable<MessageInitShape<typeof GalleryRequestSchema>["operation"]>;

const SUBJECTS: Partial<Record<Case, GalleryOperation>> = {
  deleteIdentity: "delete_identity",
  deleteFace: "delete_face",
  hasFace: "has_face",
};

export interface Enrolling {
  jobId?: string;
  vector?: Float32Array;
  embedding?: Uint8Array;
  model?: string;
  name?: string;
  consent?: string;
  identityId?: string;
  /** One of the fixtures unless given, even as undefined. */
  portrait?: MessageInitShape<typeof EnrolWorkSchema>["portrait"] | undefined;
  deadlineAtMs?: number;
  /** A new person, whoever has the name, unless it says otherwise. */
  enrolment?: Partial<Pick<Enrolment, "creates" | "isNamesake" | "candidates">>;
}

interface Probing {
  vector?: Float32Array;
  embedding?: Uint8Array;
  model?: string;
  matchCount?: number;
  deadlineAtMs?: number;
}

/** Two replicas of match on one broker for a file of tests, whose gallery is empty before each. */
export function matchProcesses() {
  const metrics = createMetrics({ service: "test", version: "0", emitters: ["stage", "match"] });
  let server: NatsServer;
  let broker: Broker;
  let blobs: Blobs;
  let replicas: Service[] = [];

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
    await Promise.all(replicas.map((replica) => replica.drain()));
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

  async function restart(): Promise<void> {
    await Promise.all(replicas.map((replica) => replica.drain()));
    replicas = await Promise.all([start(), start()]);
  }

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

  async function resultOf(
    jobId: string,
    stage: "match" | "enrol",
    group = 0,
    face?: number,
  ): Promise<Result> {
    const stored = () => storedResult(broker, jobId, stage, group, face);
    await expect.poll(stored, { timeout: 20_000, interval: 25 }).toBeTruthy();
    return (await stored())!;
  }

  /** Without a message id: what is published twice is delivered twice. */
  async function enrol({ jobId = newJobId(Date.now()), vector = embedding(1), ...more }: Enrolling) {
    const portrait = "portrait" in more ? more.portrait : { jpeg: PORTRAIT, eyes: EYES };
    const work = create(EnrolWorkSchema, {
      jobId,
      face: 0,
      embedding: more.embedding ?? embeddingToBytes(vector),
      model: more.model ?? MODEL,
      ...(portrait ? { portrait } : {}),
      deadlineAtMs: more.deadlineAtMs ?? Date.now() + 60_000,
      enrolment: {
        identityId: more.identityId ?? `of-${jobId}`,
        name: more.name ?? "Ada",
        consent: more.consent ?? "signed",
        source: "badge.jpg",
        creates: true,
        isNamesake: true,
        ...more.enrolment,
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

  async function match({ vector = embedding(1), ...more }: Probing): Promise<Result> {
    const jobId = newJobId(Date.now());
    const work = create(EmbeddingWorkSchema, {
      jobId,
      stages: ["match"],
      probes: [{ face: 0, embedding: more.embedding ?? embeddingToBytes(vector) }],
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

  return {
    broker: () => broker,
    blobs: () => blobs,
    replicas: () => replicas,
    metrics,
    /** A third replica, not drained after the tests. */
    start,
    restart,
    reply,
    ask,
    enrol,
    enrolled,
    match,
    matches,
    resultOf,
  };
}
