import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import {
  DeletionWorkSchema,
  create,
  deletionConsumer,
  deletionSubject,
  fromBinary,
  toBinary,
} from "@similarfaces/contracts";
import { publishWork, type Broker, type Log } from "@similarfaces/runtime";

export interface DeletedJob {
  jobId: string;
  deletedAtMs: number;
  /** The id of the key that the job belonged to, empty where it belonged to none: the tombstone keeps it. */
  owner: string;
  /** When it is purged once more; not before. */
  purgeAtMs: number;
}

export interface LaterPurgesOptions {
  broker: Broker;
  log: Log;
  purge(job: DeletedJob): Promise<void>;
}

/** Before another attempt, where a store is away or the consumer is not provisioned yet. */
const RETRY_MS = 2_000;
/** Jobs purged at once: after hours without a gateway thousands are due, and each is ten requests to the broker. */
const PURGES_MAX = 8;

/**
 * Stores in the broker that a job is to be purged once more, so that it is done even if this process ends; kept for the job's time to live.
 * @throws StageFailure unavailable or overloaded
 */
export async function schedulePurge(broker: Broker, job: DeletedJob): Promise<void> {
  const data = toBinary(DeletionWorkSchema, create(DeletionWorkSchema, job));
  // A deletion that is asked for again is scheduled again: its purge is due later.
  await publishWork(broker, {
    subject: deletionSubject(job.jobId),
    data,
    messageId: `${job.jobId}.deletion.${job.deletedAtMs}`,
  });
}

/**
 * Carries out the purges that are due, sharing them with all other gateways. One that is not yet due is handed back to the broker until
 * then; one that failed, or whose gateway died, is delivered again.
 */
export function consumePurges({ broker, log, purge }: LaterPurgesOptions): { close(): Promise<void> } {
  let messages: ConsumerMessages | undefined;
  let isClosed = false;
  void consume();
  return {
    /** Does not wait for purges under way: those that do not end are delivered to another gateway. */
    async close() {
      isClosed = true;
      await messages?.close();
    },
  };

  /** Never rejects. After a restart of the broker the client goes on by itself. */
  async function consume(): Promise<void> {
    const { stream, durable_name } = deletionConsumer();
    while (!isClosed) {
      try {
        const consumer = await broker.js.consumers.get(stream, durable_name);
        // Few at once: a message that waits here longer than the ack wait is delivered again.
        messages = await consumer.consume({ max_messages: 2 * PURGES_MAX });
        if (isClosed) await messages.close();
        const purges = new Set<Promise<void>>();
        for await (const message of messages) {
          const purging = carryOut(message).finally(() => purges.delete(purging));
          purges.add(purging);
          if (purges.size >= PURGES_MAX) await Promise.race(purges);
        }
      } catch (err) {
        log.debug({ err }, "deleted jobs cannot be purged again yet");
      }
      if (!isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  /** Never rejects: whatever goes wrong, the message is delivered again. */
  async function carryOut(message: JsMsg): Promise<void> {
    try {
      const job = readJob(message);
      if (!job) return message.term();
      const dueInMs = job.purgeAtMs - Date.now();
      if (dueInMs > 0) return message.nak(Math.ceil(dueInMs));
      const failed = await purge(job).then(
        () => undefined,
        (err: unknown) => ({ err }),
      );
      if (!failed) return message.ack();
      log.warn({ jobId: job.jobId, ...failed }, "a deleted job could not be purged again; it is retried");
      message.nak(RETRY_MS);
    } catch (err) {
      // The connection is closed for good.
      log.debug({ err }, "the delivery of a deletion could not be answered");
    }
  }

  function readJob({ data }: JsMsg): DeletedJob | undefined {
    try {
      const { jobId, deletedAtMs, owner, purgeAtMs } = fromBinary(DeletionWorkSchema, data);
      return { jobId, deletedAtMs, owner, purgeAtMs };
    } catch (err) {
      log.error({ err }, "a deletion that cannot be read");
      return undefined;
    }
  }
}
