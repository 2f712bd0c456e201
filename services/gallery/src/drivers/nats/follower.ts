import { DeliverPolicy, JetStreamApiCodes, JetStreamApiError, type JsMsg } from "@nats-io/jetstream";
import { StageFailure } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";

export interface Change {
  key: string;
  revision: number;
  /** Undefined where the record was deleted. */
  value: Uint8Array | undefined;
  atMs: number;
}

/** Where in the history of a bucket a follower is. */
export interface Position {
  /** When the bucket was made, as the broker writes it: another bucket of that name has another history. */
  created: string;
  revision: number;
}

export interface FollowerOptions {
  broker: Broker;
  bucket: string;
  log: Log;
  /** Of what has been read before. */
  position?: Position | undefined;
  /** In order. */
  apply(changes: readonly Change[]): void;
  /** Everything that was applied before is to be discarded. */
  reset(): void;
  /** While it catches up. */
  onProgress?(read: number, waiting: number): void;
}

const BATCH = 256;
const PULL_MESSAGES = 1_000;
const WATCH_EVERY_MS = 1_000;
const RETRY_MS = 200;
const REACHED_WITHIN_MS = 5_000;

/**
 * Reads a bucket from its beginning, or from a position, and follows every change from then on: over lost connections,
 * restarts of the broker, and buckets that are deleted and made anew. A consumer without a cursor on the server is made
 * anew as often as needed; it begins behind the last revision that was applied.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #stream: string;
  #created: string | undefined;
  #applied = 0;
  #state: "reading" | "following" | "gone" | "closed" = "reading";
  #messages: { close(): Promise<unknown> } | undefined;
  #waiting: { revision: number; resolve: () => void }[] = [];
  #watch: NodeJS.Timeout | undefined;
  #behindAt = -1;
  #running: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#stream = `KV_${options.bucket}`;
    this.#created = options.position?.created;
    this.#applied = options.position?.revision ?? 0;
  }

  /** Resolves when all that is there has been applied. @throws StageFailure gallery_unavailable once closed */
  async start(): Promise<void> {
    const caughtUp = new Promise<void>((resolve, reject) => {
      this.#running = this.#run(resolve).finally(() =>
        reject(new StageFailure("gallery_unavailable", "stopped while the gallery was being read")),
      );
    });
    caughtUp.catch(() => {});
    this.#watch = setInterval(() => void this.#check(), WATCH_EVERY_MS).unref();
    this.#options.broker.onReconnect(() => this.#restart());
    await caughtUp;
  }

  get position(): Position | undefined {
    return this.#created === undefined ? undefined : { created: this.#created, revision: this.#applied };
  }

  following(): boolean {
    return this.#state === "following";
  }

  /** @throws StageFailure gallery_unavailable where what is in memory is not to be relied on */
  mustServe(): void {
    if (this.#state === "gone") {
      throw new StageFailure(
        "gallery_unavailable",
        "the gallery's bucket is gone: restore it, or restart match to begin with an empty gallery",
      );
    }
    if (this.#state !== "following")
      throw new StageFailure("gallery_unavailable", "the gallery is being read");
  }

  /** Resolves when the change of that revision has been applied. @throws StageFailure gallery_unavailable after 5 s */
  async reached(revision: number): Promise<void> {
    this.mustServe();
    if (this.#applied >= revision) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.#waiting.push({ revision, resolve })),
      new Promise<never>((_, reject) => {
        const late = () => reject(new StageFailure("gallery_unavailable", "a change is not visible in time"));
        timer = setTimeout(late, REACHED_WITHIN_MS);
      }),
    ]).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    this.#state = "closed";
    clearInterval(this.#watch);
    this.#restart();
    await this.#running;
  }

  async #run(caughtUp: () => void): Promise<void> {
    while (!this.#closed()) {
      try {
        await this.#follow(caughtUp);
      } catch (err) {
        if (isNotFound(err)) this.#markGone();
        else this.#options.log.debug({ err }, "following the gallery starts again");
      }
      if (!this.#closed()) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #follow(caughtUp: () => void): Promise<void> {
    const { broker } = this.#options;
    const { created, state } = await broker.jsm.streams.info(this.#stream);
    this.#rememberBucket(String(created), state.last_seq);
    const consumer = await broker.js.consumers.get(this.#stream, {
      filter_subjects: `$KV.${this.#options.bucket}.>`,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#applied + 1,
    });
    // Everything up to the last revision at this moment has been applied once nothing is pending.
    const settle = (revision: number) => {
      this.#advance(Math.max(revision, state.last_seq));
      if (this.#closed()) return;
      this.#state = "following";
      caughtUp();
    };
    const { num_pending: waiting } = await consumer.info(true);
    if (waiting === 0) settle(this.#applied);
    const messages = await consumer.consume({ max_messages: PULL_MESSAGES });
    this.#messages = messages;
    if (this.#closed()) return void (await messages.close());
    let batch: Change[] = [];
    let read = 0;
    for await (const message of messages) {
      batch.push(changeOf(message, this.#options.bucket));
      const last = message.info.pending === 0;
      if (!last && batch.length < BATCH) continue;
      this.#options.apply(batch);
      read += batch.length;
      batch = [];
      if (last) settle(message.seq);
      else {
        this.#advance(message.seq);
        this.#options.onProgress?.(read, waiting);
        // Yields to the event loop: thousands of messages may be queued here.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** A bucket of another time, or one that has lost its end, is read from its beginning. */
  #rememberBucket(created: string, lastRevision: number): void {
    const known = this.#created === created && lastRevision >= this.#applied;
    if (this.#created !== undefined && !known) {
      this.#options.log.warn("the gallery's bucket is another one; it is read from its beginning");
      this.#state = "reading";
      this.#options.reset();
      this.#applied = 0;
    }
    this.#created = created;
  }

  /** Every second: whether the bucket is still the one that is followed, and whether changes arrive. */
  async #check(): Promise<void> {
    if (this.#closed() || !this.#options.broker.connected()) return;
    try {
      const { created, state } = await this.#options.broker.jsm.streams.info(this.#stream);
      const other = this.#created !== undefined && String(created) !== this.#created;
      const stuck = state.last_seq > this.#applied && this.#applied === this.#behindAt;
      this.#behindAt = state.last_seq > this.#applied ? this.#applied : -1;
      if (other || (stuck && this.#state === "following")) this.#restart();
    } catch (error) {
      if (isNotFound(error)) this.#markGone();
    }
  }

  #markGone(): void {
    if (this.#state === "gone" || this.#closed()) return;
    this.#options.log.error({ bucket: this.#options.bucket }, "the gallery's bucket is gone");
    this.#state = "gone";
    this.#restart();
  }

  /** Ends the consumer in use; `#run` makes another. */
  #restart(): void {
    void this.#messages?.close().catch(() => {});
    this.#messages = undefined;
  }

  #advance(revision: number): void {
    this.#applied = Math.max(this.#applied, revision);
    const reached = this.#waiting.filter((waiter) => waiter.revision <= this.#applied);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > this.#applied);
    for (const { resolve } of reached) resolve();
  }

  #closed(): boolean {
    return this.#state === "closed";
  }
}

function changeOf(message: JsMsg, bucket: string): Change {
  const operation = message.headers?.get("KV-Operation");
  return {
    key: message.subject.slice(`$KV.${bucket}.`.length),
    revision: message.seq,
    value: operation === "DEL" || operation === "PURGE" ? undefined : message.data,
    atMs: Number(message.timestampNanos / 1_000_000n),
  };
}

function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}
