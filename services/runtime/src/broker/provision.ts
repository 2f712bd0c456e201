import { nanos } from "nats";
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type ConsumerConfig,
  type StreamConfig,
} from "@nats-io/jetstream";
import {
  STREAM_NAMES,
  StageFailure,
  consumer,
  deletionConsumer,
  streams,
  type ConsumerSpec,
  type StageName,
  type StreamSpec,
} from "@similarfaces/contracts";
import type { Broker } from "./broker.js";
import { provideKeyBucket } from "./keyBucket.js";

export interface ProvisionOptions {
  replicas: number;
  jobTtlMs: number;
  /** The stages that are switched on; consumers of others are deleted, for they would hold every chip back. */
  stages: readonly StageName[];
}

/** Makes streams and consumers what contracts/src/streams.ts says, and may be run at any time, by anybody, again. */
export async function provision(broker: Broker, options: ProvisionOptions): Promise<void> {
  await provideKeyBucket(broker, options.replicas);
  for (const spec of streams(options)) await provideStream(broker, spec);
  for (const stage of options.stages) await provideConsumer(broker, consumer(stage));
  await provideConsumer(broker, deletionConsumer());
  await deleteOtherConsumers(broker, options.stages);
}

/**
 * Waits until the stage's consumer is there: what is published before would be dropped by interest retention.
 * @throws StageFailure unavailable when the signal aborts the wait
 */
export async function untilProvisioned(
  broker: Broker,
  stage: StageName,
  signal?: AbortSignal,
): Promise<void> {
  const { stream, durable_name } = consumer(stage);
  for (;;) {
    if (signal?.aborted) throw new StageFailure("unavailable", "stopped while waiting to be provisioned");
    try {
      await broker.jsm.consumers.info(stream, durable_name);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function provideStream({ jsm }: Broker, spec: StreamSpec): Promise<void> {
  const { max_age_ms, duplicate_window_ms, ...rest } = spec;
  const config = { ...rest, max_age: nanos(max_age_ms), duplicate_window: nanos(duplicate_window_ms) };
  const existing = await orUndefined(jsm.streams.info(spec.name), JetStreamApiCodes.StreamNotFound);
  if (!existing) {
    await jsm.streams.add({ ...config, allow_direct: true } as unknown as StreamConfig);
    return;
  }
  await jsm.streams.update(spec.name, config as unknown as Partial<StreamConfig>);
}

/** Makes a consumer what the spec says. */
export async function provideConsumer(
  { jsm }: Broker,
  spec: Omit<ConsumerSpec, "durable_name"> & { durable_name: string },
): Promise<void> {
  const { stream, ack_wait_ms, ...rest } = spec;
  const config: Partial<ConsumerConfig> = {
    ...rest,
    ack_wait: nanos(ack_wait_ms),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
  };
  const existing = await orUndefined(
    jsm.consumers.info(stream, spec.durable_name),
    JetStreamApiCodes.ConsumerNotFound,
  );
  if (existing) await jsm.consumers.update(stream, spec.durable_name, config);
  else await jsm.consumers.add(stream, config);
}

async function deleteOtherConsumers({ jsm }: Broker, stages: readonly StageName[]): Promise<void> {
  for (const stream of [STREAM_NAMES.images, STREAM_NAMES.faces, STREAM_NAMES.embeddings]) {
    for await (const { name } of jsm.consumers.list(stream)) {
      if (!(stages as readonly string[]).includes(name)) await jsm.consumers.delete(stream, name);
    }
  }
}

async function orUndefined<T>(promise: Promise<T>, code: number): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === code) return undefined;
    throw error;
  }
}
