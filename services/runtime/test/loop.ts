import { onTestFinished } from "vitest";
import {
  ImageWorkSchema,
  STREAM_NAMES,
  create,
  fromBinary,
  imageWorkSubject,
  toBinary,
  workMessageId,
  type ImageWork,
  type Result,
} from "@similarfaces/contracts";
import type { Broker } from "../src/broker/broker.js";
import { createLog } from "../src/telemetry/log.js";
import { createMetrics } from "../src/telemetry/metrics.js";
import { publishWork, storedResult } from "../src/broker/publish.js";
import type { Stage, StageCall, StageOutput } from "../src/stage/stage.js";
import { runStage, type RunningStage } from "../src/stage/stageLoop.js";

export interface StartOptions extends Partial<Stage<ImageWork>> {
  concurrency?: number;
  graceMs?: number;
  ackWaitMs?: number;
}

/** The loop of `extract` on a real broker, with a handler of the test's own. */
export type Loop = ReturnType<typeof loopOn>;

export function loopOn(broker: Broker) {
  return {
    start(
      handle: (work: ImageWork, call: StageCall) => Promise<StageOutput>,
      { concurrency = 2, graceMs = 2_000, ackWaitMs, ...stage }: StartOptions = {},
    ): Promise<RunningStage> {
      return runStage(
        {
          name: "extract",
          decode: (data: Uint8Array) => [fromBinary(ImageWorkSchema, data)],
          handle,
          ...stage,
        },
        {
          broker,
          concurrency,
          graceMs,
          ...(ackWaitMs === undefined ? {} : { ackWaitMs }),
          metrics: createMetrics({ service: "test", version: "0", emitters: ["stage"] }),
          log: createLog({ service: "test", level: "silent" }),
        },
      );
    },

    async submit(
      jobId: string,
      changes: { deadlineAtMs?: number; stages?: string[]; size?: { width: number; height: number } } = {},
      publisher: Broker = broker,
    ): Promise<void> {
      const { size, ...others } = changes;
      const work = create(ImageWorkSchema, {
        jobId,
        deadlineAtMs: Date.now() + 120_000,
        stages: ["extract"],
        ...(size ? { size } : {}),
        ...others,
      });
      await publishWork(publisher, {
        subject: imageWorkSubject(jobId),
        data: toBinary(ImageWorkSchema, work),
        messageId: workMessageId(jobId, "image"),
      });
    },

    async resultOf(jobId: string): Promise<Result> {
      let result: Result | undefined;
      await until(
        async () =>
          (result = await storedResult(broker, jobId, "extract").catch(() => undefined)) !== undefined,
      );
      return result!;
    },

    async ackPending(): Promise<number> {
      return (await broker.jsm.consumers.info(STREAM_NAMES.images, "extract")).num_ack_pending;
    },

    async messagesIn(stream: string): Promise<number> {
      return (await broker.jsm.streams.info(stream)).state.messages;
    },
  };
}

/** An answer that can be told from others by its count. */
export function found(facesOmitted: number): StageOutput {
  return {
    outcome: {
      case: "extract",
      value: { $typeName: "similarfaces.v2.Extracted", faces: [], facesOmitted, turned: 0, truncated: false },
    },
    model: "test@1",
  };
}

/** Waits as long as its test does: how long that takes says how busy the machine is, and nothing else. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  let isOver = false;
  onTestFinished(() => void (isOver = true));
  while (!isOver && !(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
