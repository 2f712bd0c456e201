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

/** Fuller than this and nothing more is accepted: what is accepted must find room in every later stream. */
const FILL_MAX = 0.8;
/** Streams fill slowly, and a mesh that does nothing changes slowly. */
const LOOK_EVERY_MS = 1_000;
/** While photos wait or come in. */
const LOOK_BUSY_EVERY_MS = 250;
/** A full stream empties when somebody makes room. */
const FULL_RETRY_SECONDS = 5;

export interface AdmissionOptions {
  broker: Broker;
  blobs: Pick<Blobs, "driver">;
  stages: readonly StageName[];
  /** The longest that a photo may wait for its turn, milliseconds. */
  waitMaxMs: number;
  metrics: Metrics;
  log: Log;
}

/**
 * Who is let in: as many photos as will be done in time. Looks at the broker's streams and consumers, while there is work four times a
 * second, and refuses photos that would wait for too long, before a stream is full, and while the broker is away.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #expected: ExpectedWait;
  readonly #shares: Shares;
  readonly #entrants = new Entrants();
  #timer: NodeJS.Timeout | undefined;
  #nextLookAtMs = 0;
  #isLooking = false;
  #isClosed = false;
  #streamsAtMs = Number.NEGATIVE_INFINITY;
  #streams: StreamBacklog[] = [];
  #fullest = 0;
  #isRefusing = false;
  /** What waits for each stage, as last seen. */
  latest: readonly StageBacklog[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#expected = new ExpectedWait(options.waitMaxMs);
    this.#shares = new Shares(options.waitMaxMs);
    void this.#look();
  }

  /**
   * Before a photo is read; it has a place then, for as long as honest clients take to send it. Not for each client alike: see Shares.
   * @throws StageFailure overloaded or unavailable
   */
  check(client: string, stages: readonly StageName[]): void {
    const nowMs = performance.now();
    this.#decide(client, stages, nowMs);
    this.#entrants.hold(client, nowMs);
  }

  /**
   * Takes the place that `check` has given, or asks for one: from now on the photo counts as accepted.
   * @throws StageFailure overloaded or unavailable
   */
  enter(client: string, stages: readonly StageName[]): Entrant {
    const nowMs = performance.now();
    if (!this.#entrants.take(client, nowMs)) this.#decide(client, stages, nowMs);
    if (this.#nextLookAtMs > nowMs + LOOK_BUSY_EVERY_MS) this.#lookIn(LOOK_BUSY_EVERY_MS);
    return this.#entrants.enter();
  }

  /** From now on every photo is refused. */
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

  /** Why the client that has just asked is refused, if it is. */
  #refusal(stages: readonly StageName[], nowMs: number): StageFailure | undefined {
    const { broker, waitMaxMs } = this.#options;
    if (this.#isRefusing || broker.fault() !== undefined) return new StageFailure("unavailable");
    if (this.#fullest > FILL_MAX) return overloaded(FULL_RETRY_SECONDS);
    const waitMs = this.#expected.waitMs(this.#entrants.count(nowMs), stages);
    if (waitMs <= waitMaxMs && this.#shares.mayEnter(waitMs, nowMs)) return undefined;
    return overloaded(this.#expected.retryAfterSeconds(waitMs));
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#nextLookAtMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => void this.#look(), delayMs).unref();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const beganAtMs = performance.now();
    if (this.#options.broker.connected()) {
      await this.#lookAtBroker(beganAtMs).catch((err: unknown) =>
        this.#options.log.debug({ err }, "the broker's backlog could not be read"),
      );
    }
    this.#isLooking = false;
    const isBusy =
      this.#entrants.count(performance.now()) > 0 || this.latest.some(({ pending }) => pending > 0);
    this.#lookIn(Math.max(0, beganAtMs + (isBusy ? LOOK_BUSY_EVERY_MS : LOOK_EVERY_MS) - performance.now()));
  }

  async #lookAtBroker(beganAtMs: number): Promise<void> {
    const { broker, blobs, stages, metrics } = this.#options;
    if (beganAtMs - this.#streamsAtMs >= LOOK_EVERY_MS) {
      const inBroker = blobs.driver === "nats" ? [BLOB_STREAMS.jobs] : [];
      this.#streams = await streamBacklogs(broker, [...Object.values(STREAM_NAMES), ...inBroker]);
      this.#streamsAtMs = beganAtMs;
      this.#showStreams();
    }
    const lookedFromMs = performance.now();
    this.latest = await stageBacklogs(broker, stages);
    this.#expected.look(this.latest, performance.now());
    this.#entrants.seen(lookedFromMs);
    metrics.admissionWait.set(this.#expected.waitMs(0, stages) / 1_000);
    for (const { stage, pending, ackPending } of this.latest) {
      const { oldestAtMs } = this.#streams.find(({ name }) => name === consumer(stage).stream) ?? {};
      const oldestMs = pending + ackPending > 0 && oldestAtMs ? Date.now() - oldestAtMs : 0;
      metrics.consumerPending.set({ stage }, pending);
      metrics.consumerAckPending.set({ stage }, ackPending);
      metrics.consumerOldest.set({ stage }, Math.max(0, oldestMs) / 1_000);
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
