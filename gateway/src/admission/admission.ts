import { BLOB_STREAMS, STREAM_NAMES, StageFailure, consumer, type StageName } from "@similarfaces/contracts";
import {
  stageBacklogs,
  streamBacklogs,
  type Blobs,
  type Broker,
  type Log,
  type Metrics,
  type StageBacklog,
  type StreamBacklog,
} from "@similarfaces/runtime";
import { Entrants, type Entrant } from "./entrants.js";
import { ExpectedWait } from "./expectedWait.js";
import { overloaded } from "./overloaded.js";
import { Shares } from "./shares.js";

/** Above this fill of any stream nothing is accepted: an accepted photo needs room in every later stream. */
const FILL_MAX = 0.8;
/** Between samples of the streams, and of consumers while nothing waits. */
const SAMPLE_EVERY_MS = 1_000;
/** Between samples of consumers while photos wait or come in. */
const SAMPLE_BUSY_EVERY_MS = 250;
/** `Retry-After` where a stream is full. */
const FULL_RETRY_SECONDS = 5;

export interface AdmissionOptions {
  broker: Broker;
  blobs: Pick<Blobs, "driver">;
  /** Those that are installed now. */
  stages(): readonly StageName[];
  /** The longest that a photo may wait for its turn, milliseconds. */
  waitMaxMs: number;
  metrics: Metrics;
  log: Log;
}

/**
 * Admits as many photos as will be done in time. Samples the broker's streams and consumers, four times a second while there is work, and refuses
 * photos that would wait for too long, before a stream is full, and while the broker is away.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #expected: ExpectedWait;
  readonly #shares: Shares;
  readonly #entrants = new Entrants();
  #timer: NodeJS.Timeout | undefined;
  #nextSampleAtMs = 0;
  #isSampling = false;
  #isClosed = false;
  #streamsAtMs = Number.NEGATIVE_INFINITY;
  #streams: StreamBacklog[] = [];
  #fullest = 0;
  #isRefusing = false;
  /** What waits for each stage, in the last sample. */
  latest: readonly StageBacklog[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#expected = new ExpectedWait(options.waitMaxMs);
    this.#shares = new Shares(options.waitMaxMs);
    void this.#sample();
  }

  /**
   * Before a photo is read, which is counted from now on for about as long as sending it takes. Clients have shares of the queue: see Shares.
   * @throws StageFailure overloaded or unavailable
   */
  check(client: string, stages: readonly StageName[]): void {
    const nowMs = performance.now();
    this.#decide(client, stages, nowMs);
    this.#entrants.reserve(client, nowMs);
  }

  /**
   * For a photo that has been read: it counts until a sample contains it. Checked again where its reservation by `check` has run out.
   * @throws StageFailure overloaded or unavailable
   */
  enter(client: string, stages: readonly StageName[]): Entrant {
    const nowMs = performance.now();
    if (!this.#entrants.claim(client, nowMs)) this.#decide(client, stages, nowMs);
    if (this.#nextSampleAtMs > nowMs + SAMPLE_BUSY_EVERY_MS) this.#sampleIn(SAMPLE_BUSY_EVERY_MS);
    return this.#entrants.enter();
  }

  /** Refuses every photo from now on. */
  refuse(): void {
    this.#isRefusing = true;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #decide(client: string, stages: readonly StageName[], nowMs: number): void {
    this.#shares.asked(client, nowMs);
    const failure = this.#refusal(stages, nowMs);
    if (!failure) return this.#shares.entered(client, nowMs);
    this.#options.metrics.admissionRefused.inc();
    throw failure;
  }

  /** Why the client that asked last is refused, or undefined. */
  #refusal(stages: readonly StageName[], nowMs: number): StageFailure | undefined {
    const { broker, waitMaxMs } = this.#options;
    if (this.#isRefusing || broker.fault() !== undefined) return new StageFailure("unavailable");
    if (this.#fullest > FILL_MAX) return overloaded(FULL_RETRY_SECONDS);
    const waitMs = this.#expected.waitMs(this.#entrants.count(nowMs), stages);
    if (waitMs <= waitMaxMs && this.#shares.mayEnter(waitMs, nowMs)) return undefined;
    return overloaded(this.#expected.retryAfterSeconds(waitMs));
  }

  #sampleIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#nextSampleAtMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => void this.#sample(), delayMs).unref();
  }

  async #sample(): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    const beganAtMs = performance.now();
    if (this.#options.broker.connected()) {
      await this.#sampleBroker(beganAtMs).catch((err: unknown) =>
        this.#options.log.debug({ err }, "the broker's backlog could not be read"),
      );
    }
    this.#isSampling = false;
    const isBusy =
      this.#entrants.count(performance.now()) > 0 || this.latest.some(({ pending }) => pending > 0);
    this.#sampleIn(
      Math.max(0, beganAtMs + (isBusy ? SAMPLE_BUSY_EVERY_MS : SAMPLE_EVERY_MS) - performance.now()),
    );
  }

  async #sampleBroker(beganAtMs: number): Promise<void> {
    const { broker, blobs, metrics } = this.#options;
    if (beganAtMs - this.#streamsAtMs >= SAMPLE_EVERY_MS) {
      const inBroker = blobs.driver === "nats" ? [BLOB_STREAMS.jobs] : [];
      this.#streams = await streamBacklogs(broker, [...Object.values(STREAM_NAMES), ...inBroker]);
      this.#streamsAtMs = beganAtMs;
      this.#showStreams();
    }
    const begunAtMs = performance.now();
    const stages = this.#options.stages();
    const before = this.latest;
    this.latest = await stageBacklogs(broker, stages);
    this.#expected.record(this.latest, performance.now());
    this.#entrants.sampled(begunAtMs);
    metrics.admissionWait.set(this.#expected.waitMs(0, stages) / 1_000);
    this.#endSeries(before.filter(({ stage }) => !this.latest.some((known) => known.stage === stage)));
    for (const { stage, pending, ackPending } of this.latest) {
      const { oldestAtMs } = this.#streams.find(({ name }) => name === consumer(stage).stream) ?? {};
      const oldestMs = pending + ackPending > 0 && oldestAtMs ? Date.now() - oldestAtMs : 0;
      metrics.consumerPending.set({ stage }, pending);
      metrics.consumerAckPending.set({ stage }, ackPending);
      metrics.consumerOldest.set({ stage }, Math.max(0, oldestMs) / 1_000);
    }
  }

  /** Nothing waits for an analyzer that is gone, and nobody would ever set its gauges to 0. */
  #endSeries(gone: readonly StageBacklog[]): void {
    const { consumerPending, consumerAckPending, consumerOldest } = this.#options.metrics;
    for (const { stage } of gone) {
      for (const gauge of [consumerPending, consumerAckPending, consumerOldest]) gauge.remove({ stage });
    }
  }

  #showStreams(): void {
    this.#fullest = 0;
    for (const { name, bytes, maxBytes } of this.#streams) {
      const fill = maxBytes > 0 ? bytes / maxBytes : 0;
      this.#fullest = Math.max(this.#fullest, fill);
      this.#options.metrics.streamFill.set({ stream: name }, fill);
    }
  }
}
