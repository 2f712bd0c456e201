import {
  EmbeddingWorkSchema,
  create,
  embeddingToBytes,
  embeddingWorkSubject,
  liveOfJobSubject,
  newJobId,
  toBinary,
  workMessageId,
} from "@similarfaces/contracts";
import { createGallery, createMatch, likenessOf, type Identities } from "@similarfaces/gallery";
import type { Manifest } from "@similarfaces/inference";
import {
  createLog,
  createMetrics,
  publishWork,
  runStage,
  type Blobs,
  type Broker,
} from "@similarfaces/runtime";
import { MODEL } from "./stores.js";

export interface StageTimes {
  /** Milliseconds of each probe inside the stage: reading the message, searching, making the answer. */
  work: number[];
  /** From publishing the probe to the answer that a viewer sees. */
  whole: number[];
}

const NO_BLOBS = {} as Blobs;

/** The stage as it runs in a mesh, one probe at a time. */
export async function timeMatchStage(
  broker: Broker,
  driver: Identities,
  manifest: Manifest,
  probes: readonly Float32Array[],
): Promise<StageTimes> {
  const gallery = createGallery(driver, NO_BLOBS, [MODEL]);
  const stage = createMatch({ gallery, likeness: likenessOf(manifest) });
  const work: number[] = [];
  const running = await runStage(
    {
      ...stage,
      async handle(message, call) {
        const startedAtMs = performance.now();
        const output = await stage.handle(message, call);
        work.push(performance.now() - startedAtMs);
        return output;
      },
    },
    {
      broker,
      concurrency: 8,
      graceMs: 5_000,
      metrics: createMetrics({ service: "bench", version: "0", emitters: [] }),
      log: createLog({ service: "bench", level: "warn" }),
    },
  );
  const whole: number[] = [];
  for (const probe of probes) {
    const jobId = newJobId(Date.now());
    const answered = new Promise<void>((resolve, reject) => {
      const callback = (error: Error | null) => (error ? reject(error) : resolve());
      broker.nc.subscribe(liveOfJobSubject(jobId), { max: 1, callback });
    });
    const message = create(EmbeddingWorkSchema, {
      jobId,
      probes: [{ face: 0, embedding: embeddingToBytes(probe) }],
      model: MODEL,
      deadlineAtMs: Date.now() + 60_000,
      stages: ["match"],
    });
    const startedAtMs = performance.now();
    await publishWork(broker, {
      subject: embeddingWorkSubject(jobId, 0),
      data: toBinary(EmbeddingWorkSchema, message),
      messageId: workMessageId(jobId, "embedding", 0),
    });
    await answered;
    whole.push(performance.now() - startedAtMs);
  }
  await running.drain();
  return { work, whole };
}
