import {
  EmbeddedSchema,
  ResultSchema,
  STREAM_NAMES,
  create,
  faceWorkSubject,
  workMessageId,
  type Result,
} from "@similarfaces/contracts";
import { nanos } from "nats";
import { afterAll, afterEach, beforeAll } from "vitest";
import { connectBroker, type Broker } from "../src/broker/broker.js";
import { provision } from "../src/broker/provision.js";
import { publishResult, publishWork, storedResult, type ResultPlace } from "../src/broker/publish.js";
import type { Stage, StageCall, StageOutput, StageWork } from "../src/stage/stage.js";
import { runStage, type RunningStage } from "../src/stage/stageLoop.js";
import { createLog } from "../src/telemetry/log.js";
import { createMetrics, type Metrics } from "../src/telemetry/metrics.js";
import { until } from "./loop.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

export interface FacePiece extends StageWork {
  readonly face: number;
}

interface StartOptions extends Partial<Stage<FacePiece>> {
  concurrency?: number;
  graceMs?: number;
  ackWaitMs?: number;
  metrics?: Metrics;
}

/** For a file of tests, the loop of `embed` on a real broker, with a form of message of the tests' own: its pieces as JSON. */
export function openGroups() {
  let server: NatsServer;
  let broker: Broker;
  const running: RunningStage[] = [];

  beforeAll(async () => {
    server = await startNatsServer();
    broker = await connectBroker({ url: server.url, name: "test" });
    await provision(broker, { replicas: 1, jobTtlMs: 120_000, stages: ["extract", "embed"] });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((stage) => stage.drain()));
    await broker.jsm.streams.purge(STREAM_NAMES.faces);
  });
  afterAll(async () => {
    await broker?.close();
    await server?.stop();
  });

  return {
    async start(
      handle: (face: FacePiece, call: StageCall) => Promise<StageOutput>,
      {
        concurrency = 3,
        graceMs = 1_000,
        ackWaitMs,
        metrics = metricsOfStage(),
        ...stage
      }: StartOptions = {},
    ): Promise<RunningStage> {
      const decode = (data: Uint8Array) => JSON.parse(new TextDecoder().decode(data)) as FacePiece[];
      const started = await runStage(
        { name: "embed", decode, handle, ...stage },
        {
          broker,
          concurrency,
          graceMs,
          ...(ackWaitMs === undefined ? {} : { ackWaitMs }),
          metrics,
          log: createLog({ service: "test", level: "silent" }),
        },
      );
      running.push(started);
      return started;
    },

    /** One message of these faces, of a group named by the first. */
    async submit(jobId: string, faces: readonly number[], more: Partial<FacePiece> = {}): Promise<void> {
      const deadlineAtMs = Date.now() + 120_000;
      const pieces = faces.map((face) => ({ jobId, face, deadlineAtMs, stages: ["embed"], ...more }));
      await publishWork(broker, {
        subject: faceWorkSubject(jobId, faces[0]!),
        data: new TextEncoder().encode(JSON.stringify(pieces)),
        messageId: workMessageId(jobId, "face", faces[0], more.isSplit ? 1 : undefined),
      });
    },

    /** From now on, how long the broker waits for an acknowledgement before it delivers again. */
    ackWait: (ms: number) =>
      broker.jsm.consumers.update(STREAM_NAMES.faces, "embed", { ack_wait: nanos(ms) }),

    /** The delivery of a process that dies at once: the message waits for its next one. */
    async loseDelivery(attempt: number): Promise<void> {
      const source = await broker.js.consumers.get(STREAM_NAMES.faces, "embed");
      const message = await source.next({ expires: 30_000 });
      if (message?.info.deliveryCount !== attempt)
        throw new Error(`delivery ${message?.info.deliveryCount} in place of ${attempt}`);
      message.nak();
    },

    /** Waits for the result of a group, or of a face of a split one. */
    async resultAt(jobId: string, group: number, face?: number): Promise<Result> {
      let result: Result | undefined;
      await until(
        async () => (result = await storedResult(broker, jobId, "embed", group, face)) !== undefined,
      );
      return result!;
    },

    /** As another process would, or did before. */
    publishAt: (place: ResultPlace, result: Result) => publishResult(broker, result, place),

    /** Every subject that has a result of the job's, what comes after the stage's name. */
    async placesOf(jobId: string): Promise<string[]> {
      const prefix = `sf.v2.result.${jobId}.embed.`;
      const { state } = await broker.jsm.streams.info(STREAM_NAMES.results, {
        subjects_filter: `${prefix}>`,
      });
      return Object.keys(state.subjects ?? {})
        .map((subject) => subject.slice(prefix.length))
        .sort();
    },

    /** Until no message waits or is worked on. */
    ended: () => until(async () => (await broker.jsm.streams.info(STREAM_NAMES.faces)).state.messages === 0),

    isWaiting: async () => (await broker.jsm.streams.info(STREAM_NAMES.faces)).state.messages > 0,
  };
}

export const metricsOfStage = (): Metrics =>
  createMetrics({ service: "test", version: "0", emitters: ["stage"] });

/** An answer that can be told from others by its model. */
export function answer(face: number): StageOutput {
  return { outcome: { case: "embed", value: create(EmbeddedSchema) }, model: `test@${face}` };
}

/** A group's result, as a stage would publish it. */
export function resultOf(jobId: string, faces: readonly number[]): Result {
  const [first, ...others] = faces.map((face) =>
    create(ResultSchema, { jobId, stage: "embed", face, attempt: 1, ...answer(face) }),
  );
  return { ...first!, others };
}

/** Which face, by whom or why not: of a group's result each in its order. */
export function saysOf(result: Result): (readonly [face: number | undefined, string])[] {
  return [result, ...result.others].map(({ face, model, outcome }) => [
    face,
    outcome.case === "failure" ? outcome.value.code : outcome.case === "split" ? "split" : model,
  ]);
}
