import { AckPolicy, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream";
import {
  ResultSchema,
  STREAM_NAMES,
  StageFailure,
  fromBinary,
  ownerOf,
  resultToJson,
  resultsOfJobSubject,
  type ResultEvent,
} from "@similarfaces/contracts";
import { nanos, type Broker } from "@similarfaces/runtime";

/** A result as the stream holds it. */
export interface StoredEvent {
  /** Of the message in `SF_RESULTS`; grows with time, has gaps within a job. */
  sequence: number;
  event: ResultEvent;
}

/** As the stream holds it; `owner` is the id of the key that the job belongs to, where this result says it. */
export interface OwnedEvent extends StoredEvent {
  owner: string | undefined;
}

export function readEvent(sequence: number, data: Uint8Array): OwnedEvent {
  const result = fromBinary(ResultSchema, data);
  return { sequence, event: resultToJson(result), owner: ownerOf(result) };
}

/**
 * Everything that is stored of a job, in the stream's order; empty for a job that is not there. An ephemeral consumer in
 * memory, filtered by the job's subject: one question to make it, one for all messages, however many.
 * @throws StageFailure unavailable
 */
export async function replayJob(broker: Broker, jobId: string): Promise<OwnedEvent[]> {
  const { js, jsm } = broker;
  try {
    const info = await jsm.consumers.add(STREAM_NAMES.results, {
      filter_subject: resultsOfJobSubject(jobId),
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      inactive_threshold: nanos(5_000),
      mem_storage: true,
      num_replicas: 1,
    });
    const events: OwnedEvent[] = [];
    if (info.num_pending > 0) {
      const consumer = js.consumers.getConsumerFromInfo(info);
      const messages = await consumer.fetch({ max_messages: info.num_pending, expires: 2_000 });
      for await (const { seq, data } of messages) {
        events.push(readEvent(seq, data));
        if (events.length === info.num_pending) break;
      }
    }
    // The server would forget it in 5 s by itself.
    void jsm.consumers.delete(STREAM_NAMES.results, info.name).catch(() => {});
    return events;
  } catch (cause) {
    throw new StageFailure("unavailable", "the broker did not answer", { cause });
  }
}
