import { AckPolicy, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream";
import { RESULT_PREFIX, STREAM_NAMES, parseResultSubject } from "@similarfaces/contracts";
import { nanos, type Broker, type Log } from "@similarfaces/runtime";

export interface DeliveryCheckOptions {
  broker: Broker;
  log: Log;
  /** Whether a job is watched here, is incomplete, and lacks the result of this sequence. */
  isMissing(jobId: string, sequence: number): boolean;
  /** Whether any job that is watched here is incomplete. */
  isAnyIncomplete(): boolean;
  /** Called for each job of which the stream holds a result that was not delivered here. */
  onBehind(jobId: string): void;
  /** Called where it is unknown which results were lost: every watched job may lack some. */
  onLostTrack(): void;
}

const CHECK_EVERY_MS = 2_000;
/** A result may be stored so long before it is delivered here. */
const DELIVERY_MS = 250;
const SCAN_BATCH = 1_000;
const DELIVERED_MAX = 200_000;

/**
 * Finds results that core delivery has lost, of which nobody is informed: a route between two servers breaks, a leader dies after it stored a
 * message and before it republished it, a subscription has not reached every server. Every 2 s, whatever the number of watched jobs, the
 * stream is asked for its last sequence; where it holds messages that were not delivered here, their subjects are read, once and without their
 * bodies. A job for which nothing is stored causes no reads.
 */
export class DeliveryCheck {
  readonly #options: DeliveryCheckOptions;
  readonly #timer: NodeJS.Timeout;
  /** Up to this sequence every result was delivered here, or is of a job that is not watched here. */
  #settled: number | undefined;
  /** Sequences beyond it that were delivered. */
  readonly #delivered = new Set<number>();
  /** Aborts the check that is under way. */
  #checking: AbortController | undefined;
  #isFailing = false;

  constructor(options: DeliveryCheckOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      if (!this.#checking) this.check();
    }, CHECK_EVERY_MS).unref();
    this.check();
  }

  /** A result was delivered. */
  delivered(sequence: number): void {
    if (this.#settled === undefined || sequence > this.#settled) this.#delivered.add(sequence);
    if (this.#delivered.size <= DELIVERED_MAX) return;
    // No check has succeeded for long.
    this.#checking?.abort();
    this.#loseTrack();
  }

  /** Checks now. A check that is under way is given up: it may wait for an answer on a connection that is lost. */
  check(): void {
    this.#checking?.abort();
    const checking = (this.#checking = new AbortController());
    this.#check(checking.signal)
      .then(
        () => (this.#isFailing = false),
        (err: unknown) => {
          // Logged once until a check succeeds again.
          if (!this.#isFailing)
            this.#options.log.warn({ err }, "the last sequence of the results could not be read");
          this.#isFailing = true;
        },
      )
      .finally(() => {
        if (this.#checking === checking) this.#checking = undefined;
      });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#checking?.abort();
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { broker, isAnyIncomplete, onLostTrack } = this.#options;
    if (!broker.connected()) return;
    const { state } = await broker.jsm.streams.info(STREAM_NAMES.results);
    if (signal.aborted) return;
    const last = state.last_seq;
    // The stream was made anew.
    if (this.#settled !== undefined && last < this.#settled) this.#loseTrack();
    if (this.#settled === undefined) {
      this.#settleUpTo(last);
      onLostTrack();
      return;
    }
    if (this.#isSettled(last)) return;
    if (isAnyIncomplete()) {
      await new Promise((resolve) => setTimeout(resolve, DELIVERY_MS).unref());
      if (signal.aborted || this.#isSettled(last)) return;
      await this.#scan(last, signal);
    } else this.#settleUpTo(last);
  }

  #loseTrack(): void {
    this.#settled = undefined;
    this.#delivered.clear();
  }

  #isSettled(last: number): boolean {
    while (this.#settled! < last && this.#delivered.delete(this.#settled! + 1)) this.#settled!++;
    return this.#settled! >= last;
  }

  #settleUpTo(sequence: number): void {
    this.#settled = sequence;
    for (const known of this.#delivered) if (known <= sequence) this.#delivered.delete(known);
  }

  /** Reads the subjects of what is stored up to a sequence. What the consumer's replica does not have yet stays for the next check. */
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
        // Fewer than were pending: its server is gone, or the messages have expired.
        if (read < size) break;
        left -= read;
      }
    } finally {
      if (!signal.aborted) this.#settleUpTo(this.#settled!);
      for (const jobId of behind) this.#options.onBehind(jobId);
      // Otherwise the server deletes it after 5 s.
      void jsm.consumers.delete(STREAM_NAMES.results, info.name).catch(() => {});
    }
    if (signal.aborted || this.#settled! >= last) return;
    // The leader knows whether the rest was deleted or has expired, or is not yet on the replica of the consumer.
    const next = { seq: this.#settled! + 1, next_by_subj: `${RESULT_PREFIX}.>` };
    const isNext = await jsm.streams.getMessage(STREAM_NAMES.results, next as never);
    if (!isNext && !signal.aborted) this.#settleUpTo(last);
  }

  #settle(sequence: number, subject: string, behind: Set<string>): void {
    const wasDelivered = this.#delivered.delete(sequence);
    this.#settled = sequence;
    const jobId = parseResultSubject(subject)?.jobId;
    if (!wasDelivered && jobId && this.#options.isMissing(jobId, sequence)) behind.add(jobId);
  }
}
