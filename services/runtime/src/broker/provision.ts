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
  RETIRED_PREFIX,
  RETIRED_STREAM,
  STREAM_NAMES,
  StageFailure,
  consumer,
  consumers,
  deletionConsumer,
  isCoreStage,
  streams,
  type ConsumerSpec,
  type StageName,
  type StreamSpec,
} from "@similarfaces/contracts";
import type { Broker } from "./broker.js";
import { consumersOf } from "./consumers.js";
import { provideKeyBucket, provideModelBucket } from "./buckets.js";

export interface ProvisionOptions {
  replicas: number;
  jobTtlMs: number;
  /**
   * The stages that are switched on. Consumers of other stages of the table are deleted, for they would hold every chip back; an analyzer
   * that is not among them may have announced itself, so its consumer stays (retire.ts).
   */
  stages: readonly StageName[];
  /** Of announcements; shorter in tests only. */
  leaseMs?: number;
}

/** Creates or updates streams and consumers to what contracts/src/streams.ts has. Idempotent; may run while services are at work. */
export async function provision(broker: Broker, options: ProvisionOptions): Promise<void> {
  await provideKeyBucket(broker, options.replicas);
  await provideModelBucket(broker, options.replicas, options.leaseMs);
  await orUndefined(broker.jsm.streams.delete(RETIRED_STREAM), JetStreamApiCodes.StreamNotFound);
  for (const spec of streams(options)) await provideStream(broker, spec);
  for (const spec of consumers(options.stages)) await provideConsumer(broker, spec);
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
  const isRetired = existing?.config.subjects.some((subject) => subject.startsWith(RETIRED_PREFIX)) ?? false;
  if (existing && !isRetired) {
    await jsm.streams.update(spec.name, config as unknown as Partial<StreamConfig>);
    return;
  }
  // What an earlier version left in it nobody reads any more, and its consumers would hold it back.
  if (existing) await orUndefined(jsm.streams.delete(spec.name), JetStreamApiCodes.StreamNotFound);
  await jsm.streams.add({ ...config, allow_direct: true } as unknown as StreamConfig);
}

/** Creates or updates a consumer. */
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

async function deleteOtherConsumers(broker: Broker, stages: readonly StageName[]): Promise<void> {
  for (const stream of [STREAM_NAMES.images, STREAM_NAMES.faces, STREAM_NAMES.embeddings]) {
    for (const { name } of await consumersOf(broker, stream)) {
      const mayBeAnnounced = stream === STREAM_NAMES.faces && !isCoreStage(name);
      if (!mayBeAnnounced && !stages.includes(name)) await broker.jsm.consumers.delete(stream, name);
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
