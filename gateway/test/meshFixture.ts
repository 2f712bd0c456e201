import sharp from "sharp";
import {
  AnswerSchema,
  CHIP_SIDE,
  ImageWorkSchema,
  ResultSchema,
  STREAM_NAMES,
  chipBytes,
  create,
  embeddingToBytes,
  fromBinary,
  imageWorkSubject,
  type ImageWork,
  type MessageInitShape,
  type ResultEvent,
} from "@similarfaces/contracts";
import {
  connectBroker,
  createLog,
  createMetrics,
  openBlobs,
  provision,
  publishResult,
  type Blobs,
  type Broker,
  type Metrics,
} from "@similarfaces/runtime";
import { startNatsServer, type NatsServer } from "../../services/runtime/test/natsServer.js";
import { AGE, GENDER, playAnalyzers, type PlayedAnalyzers } from "./playedAnalyzers.js";
import { readConfig, startGateway, type Gateway } from "../src/mod.js";

/** A gateway on a real broker. The stages are played by the test, which publishes their results. */
export interface Mesh {
  server: NatsServer;
  broker: Broker;
  /** Of which AGE and GENDER are announced. */
  analyzers: PlayedAnalyzers;
  blobs: Blobs;
  metrics: Metrics;
  /** What that gateway would be scraped for. */
  scrape(gateway?: Gateway): Promise<string>;
  gateway: Gateway;
  url: string;
  /** One more gateway on the same broker, over a connection of its own where one is given. */
  another(env?: Record<string, string>, connection?: Broker): Promise<Gateway>;
  /** What a stage would publish. */
  publish(result: MessageInitShape<typeof ResultSchema>): Promise<void>;
  stop(): Promise<void>;
}

/** No stage takes any work here: to admission the mesh is one whose extract is down. */
const ALONE = { PORT: "0", LOG_LEVEL: "silent", ADMISSION_WAIT_MS: "3600000" };

export async function startMesh(env: Record<string, string> = {}): Promise<Mesh> {
  const server = await startNatsServer();
  const broker = await connectBroker({ url: server.url, name: "test" });
  const config = readConfig({ ...ALONE, ...env });
  const { jobTtlMs, stages } = config;
  await provision(broker, { replicas: 1, jobTtlMs, stages });
  const analyzers = playAnalyzers(broker);
  for (const announcement of [AGE, GENDER]) await analyzers.announce(announcement);
  const blobs = await openBlobs(config, broker);
  const log = createLog({ service: "gateway", level: "silent" });
  const metricsOf = () => createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
  const metrics = metricsOf();
  const gateways = [await startGateway({ config, broker, blobs, log, metrics })];
  const metricsOfGateway = new Map([[gateways[0]!, metrics]]);
  return {
    server,
    broker,
    analyzers,
    blobs,
    metrics,
    scrape: async (gateway = gateways[0]!) =>
      (await metricsOfGateway.get(gateway)!.scrape(undefined)).body.toString(),
    gateway: gateways[0]!,
    url: gateways[0]!.url,
    async another(more = {}, connection = broker) {
      const other = readConfig({ ...ALONE, ...env, ...more });
      const own = metricsOf();
      const wired = { config: other, broker: connection, blobs, log, metrics: own };
      const gateway = await startGateway(wired);
      gateways.push(gateway);
      metricsOfGateway.set(gateway, own);
      return gateway;
    },
    publish: async (result) =>
      void (await publishResult(broker, create(ResultSchema, { attempt: 1, model: "test@1", ...result }))),
    async stop() {
      analyzers.stop();
      for (const gateway of gateways) await gateway.close();
      await blobs.close();
      await broker.close();
      await server.stop();
    },
  };
}

/** The smallest photo there is: a GIF of one pixel. */
export const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

/** A unit vector, as embed publishes it. */
export const EMBEDDING = embeddingToBytes(new Float32Array(512).fill(1 / Math.sqrt(512)));

/** What `quality` answers, of which `score` says how good a face is, 0..1. */
export const qualityOf = (score: number) => ({
  answers: [{ name: "score", kind: { case: "measure" as const, value: { value: score } } }],
});

const point = { x: 1, y: 1 };
export const faceOf = (index: number, score = 0.8) => ({
  index,
  box: { x: 10, y: 10, width: 50 - index, height: 50 - index },
  landmarks: { leftEye: point, rightEye: point, nose: point, leftMouth: point, rightMouth: point },
  score: 0.9,
  quality: qualityOf(score),
});

/** One answer of an analyzer, by its own name. */
export const analysisOf = (
  name: string,
  kind: NonNullable<MessageInitShape<typeof AnswerSchema>["kind"]>,
) => ({
  case: "analysis" as const,
  value: { answers: [{ name, kind }] },
});
const classification = (label: string) => ({
  label,
  probability: 0.75,
  probabilities: [{ label, probability: 0.75 }],
});

const timings = () => {
  const nowMs = Date.now();
  return { queuedAtMs: nowMs - 30, startedAtMs: nowMs - 20, finishedAtMs: nowMs };
};

/** Extract's result, with that many faces, whose quality has that score. */
export function extracted(
  jobId: string,
  faces: number,
  score?: number,
): MessageInitShape<typeof ResultSchema> {
  const value = {
    size: { width: 100, height: 100 },
    faces: Array.from({ length: faces }, (_, index) => faceOf(index, score)),
    facesOmitted: 0,
  };
  return { jobId, stage: "extract", timings: timings(), outcome: { case: "extract", value } };
}

/** Every answer about one face. */
export function answers(jobId: string, face: number): MessageInitShape<typeof ResultSchema>[] {
  const result = (stage: string, outcome: NonNullable<MessageInitShape<typeof ResultSchema>["outcome"]>) => ({
    jobId,
    stage,
    face,
    timings: timings(),
    outcome,
  });
  const years = { value: 31, unit: "years", low: 25, high: 37, probabilities: [1] };
  return [
    result("embed", { case: "embed", value: { embedding: EMBEDDING } }),
    result("age", analysisOf("age", { case: "measure", value: years })),
    result("gender", analysisOf("gender", { case: "classification", value: classification("female") })),
    result("match", {
      case: "match",
      value: { matches: [], galleryFaces: 0, verdict: "no_close_match" },
    }),
  ];
}

/** Plays all stages for a job with that many faces. */
export async function answerAll(mesh: Mesh, jobId: string, faces = 1): Promise<void> {
  await mesh.publish(extracted(jobId, faces));
  for (let face = 0; face < faces; face++) {
    for (const result of answers(jobId, face)) await mesh.publish(result);
  }
}

export async function postPixel(url: string, query = ""): Promise<{ jobId: string }> {
  const response = await fetch(`${url}/v1/jobs${query}`, { method: "POST", body: PIXEL });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as { jobId: string };
}

/** What was published for `extract`. */
export async function imageWorkOf({ broker }: Mesh, jobId: string): Promise<ImageWork> {
  const last_by_subj = imageWorkSubject(jobId);
  const message = await broker.jsm.streams.getMessage(STREAM_NAMES.images, { last_by_subj });
  return fromBinary(ImageWorkSchema, message!.data);
}

export interface Received {
  id: string;
  event: string;
  data: ResultEvent & Record<string, unknown>;
}

/** Reads server-sent events until the stream ends or there are `count` of them. */
export async function readEvents(response: Response, count = Number.POSITIVE_INFINITY): Promise<Received[]> {
  const events: Received[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
      if (field("data") === "") continue;
      events.push({
        id: field("id"),
        event: field("event"),
        data: JSON.parse(field("data")) as Received["data"],
      });
      if (events.length === count) return events;
    }
  }
  return events;
}

/** In the order in which `answerAll` publishes. */
export const EVENTS_OF_ONE_FACE = ["accepted", "extract", "embed", "age", "gender", "match", "complete"];

/** A sheet of faces, each of one grey. */
export function sheetOf(greys: readonly number[], side: number = CHIP_SIDE): Promise<Buffer> {
  const pixels = Buffer.concat(greys.map((grey) => Buffer.alloc(chipBytes(side), grey)));
  const raw = { width: side, height: greys.length * side, channels: 3 as const };
  return sharp(pixels, { raw }).jpeg({ quality: 88 }).toBuffer();
}

/** Plays all stages for the next job that is published. */
export function answerNextJob(mesh: Mesh): () => void {
  const subscription = mesh.broker.nc.subscribe("sf.v2.work.*.image", {
    max: 1,
    callback: (_, message) => void answerAll(mesh, message.subject.split(".")[3]!),
  });
  return () => subscription.unsubscribe();
}

/** Status and code of a failure, whose message is never empty. */
export async function codeOf(response: Response): Promise<string> {
  const { failure } = (await response.json()) as { failure: { code: string; message: string } };
  if (failure.message === "") throw new Error(`${failure.code} has no message`);
  return `${response.status} ${failure.code}`;
}
