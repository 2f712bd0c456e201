import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { consumer, hasConsumer, type StageName } from "@similarfaces/contracts";
import type { Broker } from "./broker.js";

export interface StreamBacklog {
  name: string;
  bytes: number;
  maxBytes: number;
  messages: number;
  /** When its oldest message was stored, milliseconds since the epoch; undefined where it is empty. */
  oldestAtMs: number | undefined;
}

export interface StageBacklog {
  stage: StageName;
  /** When the broker answered, on the monotonic clock of this process, milliseconds. */
  atMs: number;
  /** Stored and not yet delivered. */
  pending: number;
  /** Delivered and not yet acknowledged. */
  ackPending: number;
  /** The stream's sequence up to which everything has been delivered once. */
  sequence: number;
  /** Deliveries since the consumer was made, every repetition counted. */
  deliveries: number;
}

/** How full streams are: one request each. */
export async function streamBacklogs(broker: Broker, names: readonly string[]): Promise<StreamBacklog[]> {
  return Promise.all(
    names.map(async (name) => {
      const { config, state } = await broker.jsm.streams.info(name);
      const { bytes, messages, first_ts } = state;
      const oldestAtMs = messages > 0 ? Date.parse(first_ts) : undefined;
      return { name, bytes, maxBytes: config.max_bytes, messages, oldestAtMs };
    }),
  );
}

/**
 * What waits for each stage, by the broker's own account: one question each. Left out are stages without a consumer: those that have none, and
 * analyzers whose consumer `provision` has taken away.
 */
export async function stageBacklogs(broker: Broker, stages: readonly StageName[]): Promise<StageBacklog[]> {
  const backlogs = await Promise.all(
    stages.filter(hasConsumer).map((stage) => backlogOf(broker, stage).catch(undefinedWithoutConsumer)),
  );
  return backlogs.filter((backlog) => backlog !== undefined);
}

async function backlogOf(broker: Broker, stage: StageName): Promise<StageBacklog> {
  const { stream, durable_name } = consumer(stage);
  const info = await broker.jsm.consumers.info(stream, durable_name);
  return {
    stage,
    atMs: performance.now(),
    pending: info.num_pending,
    ackPending: info.num_ack_pending,
    sequence: info.delivered.stream_seq,
    deliveries: info.delivered.consumer_seq,
  };
}

function undefinedWithoutConsumer(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
    return undefined;
  throw error;
}
