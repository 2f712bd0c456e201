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
  /** Not before. */
  lookAtMs: number;
}

export interface LastLooksOptions {
  broker: Broker;
  log: Log;
  look(job: DeletedJob): Promise<void>;
}

/** A store that is away, a consumer that is not provisioned yet. */
const AGAIN_MS = 2_000;
/** Jobs looked through at once: after hours without a gateway thousands are due. Each is ten questions to the broker. */
const LOOKS_MAX = 8;

/**
 * Stores that a job is to be looked through once more; it outlives this process, and goes with the job's time to live.
 * @throws StageFailure unavailable or overloaded
 */
export async function askForLastLook(broker: Broker, job: DeletedJob): Promise<void> {
  const data = toBinary(DeletionWorkSchema, create(DeletionWorkSchema, job));
  // Each deletion for itself: one that is asked for again looks later.
  await publishWork(broker, {
    subject: deletionSubject(job.jobId),
    data,
    messageId: `${job.jobId}.deletion.${job.deletedAtMs}`,
  });
}

/**
 * Takes the looks that are due, beside all other gateways: one that is not yet due is handed back for as long, and one that
 * failed, or whose gateway died, comes again.
 */
export function consumeLastLooks({ broker, log, look }: LastLooksOptions): { close(): Promise<void> } {
  let messages: ConsumerMessages | undefined;
  let isClosed = false;
  void consume();
  return {
    /** What is being looked through is not waited for: where it does not end, it comes again elsewhere. */
    async close() {
      isClosed = true;
      await messages?.close();
    },
  };

  /** Never rejects. Over restarts of the broker the client goes on by itself. */
  async function consume(): Promise<void> {
    const { stream, durable_name } = deletionConsumer();
    while (!isClosed) {
      try {
        const consumer = await broker.js.consumers.get(stream, durable_name);
        // Few ahead: what waits here for its turn longer than the ack wait comes again.
        messages = await consumer.consume({ max_messages: 2 * LOOKS_MAX });
        if (isClosed) await messages.close();
        const looks = new Set<Promise<void>>();
        for await (const message of messages) {
          const looking = carryOut(message).finally(() => looks.delete(looking));
          looks.add(looking);
          if (looks.size >= LOOKS_MAX) await Promise.race(looks);
        }
      } catch (err) {
        log.debug({ err }, "deletions cannot be gone on with yet");
      }
      if (!isClosed) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
    }
  }

  /** Never rejects: whatever goes wrong with it, it comes again. */
  async function carryOut(message: JsMsg): Promise<void> {
    try {
      const job = readJob(message);
      if (!job) return message.term();
      const dueInMs = job.lookAtMs - Date.now();
      if (dueInMs > 0) return message.nak(Math.ceil(dueInMs));
      const failed = await look(job).then(
        () => undefined,
        (err: unknown) => ({ err }),
      );
      if (!failed) return message.ack();
      log.warn({ jobId: job.jobId, ...failed }, "the last look after a deletion failed; it is tried again");
      message.nak(AGAIN_MS);
    } catch (err) {
      // The connection is closed for good.
      log.debug({ err }, "a deletion could not be answered for");
    }
  }

  function readJob({ data }: JsMsg): DeletedJob | undefined {
    try {
      const { jobId, deletedAtMs, owner, lookAtMs } = fromBinary(DeletionWorkSchema, data);
      return { jobId, deletedAtMs, owner, lookAtMs };
    } catch (err) {
      log.error({ err }, "a deletion that cannot be read");
      return undefined;
    }
  }
}
