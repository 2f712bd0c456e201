import { STREAM_NAMES, consumer, type StageName, type StreamName } from "@similarfaces/contracts";
import type { Broker } from "./broker.js";

export interface Backlog {
  streams: { name: StreamName; bytes: number; maxBytes: number; messages: number }[];
  stages: StageBacklog[];
}

export interface StageBacklog {
  stage: StageName;
  /** Stored and not yet delivered. */
  pending: number;
  /** Delivered and not yet acknowledged. */
  ackPending: number;
  /** Age of the oldest message of the stage's stream; 0 where nothing waits. */
  oldestMs: number;
}

/** What waits in the broker, by its own account: one question per stream and per consumer. */
export async function backlog(broker: Broker, stages: readonly StageName[]): Promise<Backlog> {
  const { jsm } = broker;
  const infos = await Promise.all(Object.values(STREAM_NAMES).map((name) => jsm.streams.info(name)));
  const nowMs = Date.now();
  const streams = infos.map(({ config, state }) => ({
    name: config.name as StreamName,
    bytes: state.bytes,
    maxBytes: config.max_bytes,
    messages: state.messages,
  }));
  const oldestAtMs = new Map(infos.map(({ config, state }) => [config.name, Date.parse(state.first_ts)]));
  const perStage = stages.map(async (stage): Promise<StageBacklog> => {
    const { stream, durable_name } = consumer(stage);
    const { num_pending, num_ack_pending } = await jsm.consumers.info(stream, durable_name);
    const waiting = num_pending + num_ack_pending > 0;
    const oldestMs = waiting ? Math.max(0, nowMs - (oldestAtMs.get(stream) ?? nowMs)) : 0;
    return { stage, pending: num_pending, ackPending: num_ack_pending, oldestMs };
  });
  return { streams, stages: await Promise.all(perStage) };
}
