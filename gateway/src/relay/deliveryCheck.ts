import { AckPolicy, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream";
import { RESULT_PREFIX, STREAM_NAMES, parseResultSubject } from "@similarfaces/contracts";
import { nanos, type Broker, type Log } from "@similarfaces/runtime";

export interface DeliveryCheckOptions {
  broker: Broker;
  log: Log;
  /** If a job is watched here, incomplete, and has not got the result of this sequence. */
  isMissing(jobId: string, sequence: number): boolean;
  /** If anything is watched that a lost result could matter to. */
  isAnyIncomplete(): boolean;
  /** Told of each job of which the stream holds what was not heard. */
  onBehind(jobId: string): void;
  /** Told that nothing is known of what was lost: every watched job may be behind. */
  onLostTrack(): void;
}

const LOOK_EVERY_MS = 2_000;
/** What the stream stored a moment ago may still be on its way. */
const ON_ITS_WAY_MS = 250;
const SCAN_BATCH = 1_000;
const HEARD_MAX = 200_000;

/**
 * Core delivery may lose a message without a word: a route between two servers breaks, a leader dies between storing and telling, a
 * subscription is not everywhere yet. One question every 2 s, whatever the number of watched jobs, asks how far the stream is; where it holds
 * what was not heard here, those messages' subjects are read, once and without their bodies. A job that only waits asks nothing.
 */
export class DeliveryCheck {
  readonly #options: DeliveryCheckOptions;
  readonly #timer: NodeJS.Timeout;
  /** Up to this sequence everything was heard, or belongs to nobody who watches here. */
  #settled: number | undefined;
  /** Beyond it. */
  readonly #heard = new Set<number>();
  /** Aborts the look that is under way. */
  #looking: AbortController | undefined;
  #isFailing = false;

  constructor(options: DeliveryCheckOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      if (!this.#looking) this.look();
    }, LOOK_EVERY_MS).unref();
    this.look();
  }

  /** A result has come live. */
  heard(sequence: number): void {
    if (this.#settled === undefined || sequence > this.#settled) this.#heard.add(sequence);
    if (this.#heard.size <= HEARD_MAX) return;
    // No look has been answered for long.
    this.#looking?.abort();
    this.#loseTrack();
  }

  /** Looks now. A look that is under way is given up: it may wait for an answer of a connection that is lost. */
  look(): void {
    this.#looking?.abort();
    const looking = (this.#looking = new AbortController());
    this.#look(looking.signal)
      .then(
        () => (this.#isFailing = false),
        (err: unknown) => {
          // Once for all that follow: until one succeeds, what is lost is not found.
          if (!this.#isFailing) this.#options.log.warn({ err }, "how far the results are could not be read");
          this.#isFailing = true;
        },
      )
      .finally(() => {
        if (this.#looking === looking) this.#looking = undefined;
      });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#looking?.abort();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { broker, isAnyIncomplete, onLostTrack } = this.#options;
    if (!broker.connected()) return;
    const { state } = await broker.jsm.streams.info(STREAM_NAMES.results);
    if (signal.aborted) return;
    const last = state.last_seq;
    // A stream that was made anew.
    if (this.#settled !== undefined && last < this.#settled) this.#loseTrack();
    if (this.#settled === undefined) {
      this.#settleUpTo(last);
      onLostTrack();
      return;
    }
    if (this.#isSettled(last)) return;
    if (isAnyIncomplete()) {
      await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY_MS).unref());
      if (signal.aborted || this.#isSettled(last)) return;
      await this.#scan(last, signal);
    } else this.#settleUpTo(last);
  }

  #loseTrack(): void {
    this.#settled = undefined;
    this.#heard.clear();
  }

  #isSettled(last: number): boolean {
    while (this.#settled! < last && this.#heard.delete(this.#settled! + 1)) this.#settled!++;
    return this.#settled! >= last;
  }

  #settleUpTo(sequence: number): void {
    this.#settled = sequence;
    for (const heard of this.#heard) if (heard <= sequence) this.#heard.delete(heard);
  }

  /** Goes through what is stored up to a sequence. What a replica does not hand out yet stays for the next look. */
  async #scan(last: number, signal: AbortSignal): Promise<void> {
    const { js, jsm } = this.#options.broker;
    const info = await jsm.consumers.add(STREAM_NAMES.results, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#settled! + 1,
      replay_policy: ReplayPolicy.Instant,
      headers_only: true,
      inactive_threshold: nanos(5_000),
      mem_storage: true,
      num_replicas: 1,
    });
    const behind = new Set<string>();
    try {
      const consumer = js.consumers.getConsumerFromInfo(info);
      for (let left = info.num_pending; left > 0 && this.#settled! < last;) {
        const size = Math.min(left, SCAN_BATCH);
        let read = 0;
        for await (const { seq, subject } of await consumer.fetch({ max_messages: size, expires: 2_000 })) {
          if (signal.aborted) return;
          this.#settle(seq, subject, behind);
          if (++read === size) break;
        }
        // It hands out less than it said: its server is gone, or these have expired.
        if (read < size) break;
        left -= read;
      }
    } finally {
      if (!signal.aborted) this.#settleUpTo(this.#settled!);
      for (const jobId of behind) this.#options.onBehind(jobId);
      // The server would forget it in 5 s by itself.
      void jsm.consumers.delete(STREAM_NAMES.results, info.name).catch(() => {});
    }
    if (signal.aborted || this.#settled! >= last) return;
    // Deleted or expired, says the leader, or not yet where the consumer is.
    const next = { seq: this.#settled! + 1, next_by_subj: `${RESULT_PREFIX}.>` };
    const isNext = await jsm.streams.getMessage(STREAM_NAMES.results, next as never);
    if (!isNext && !signal.aborted) this.#settleUpTo(last);
  }

  #settle(sequence: number, subject: string, behind: Set<string>): void {
    const isHeard = this.#heard.delete(sequence);
    this.#settled = sequence;
    const jobId = parseResultSubject(subject)?.jobId;
    if (!isHeard && jobId && this.#options.isMissing(jobId, sequence)) behind.add(jobId);
  }
}
