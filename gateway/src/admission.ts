import { StageFailure, type StageName } from "@similarfaces/contracts";
import { backlog, type Backlog, type Broker, type Log, type Metrics } from "@similarfaces/runtime";

/** Fuller than this and nothing more is accepted: what is accepted must find room in every later stream. */
const FILL_MAX = 0.8;
const LOOK_EVERY_MS = 1_000;

/**
 * Looks at the broker once a second: how full the streams are, what waits. Refuses photos before a stream is full, and
 * while the broker is away.
 */
export class Admission {
  readonly #options: { broker: Broker; stages: readonly StageName[]; metrics: Metrics; log: Log };
  readonly #timer: NodeJS.Timeout;
  #fullest = 0;
  #isRefusing = false;
  latest: Backlog | undefined;

  constructor(options: { broker: Broker; stages: readonly StageName[]; metrics: Metrics; log: Log }) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
    void this.#look();
  }

  /** @throws StageFailure overloaded or unavailable */
  check(): void {
    const { broker, metrics } = this.#options;
    const isAway = this.#isRefusing || !broker.connected();
    const failure = isAway ? "unavailable" : this.#fullest > FILL_MAX ? "overloaded" : undefined;
    if (!failure) return;
    metrics.admissionRefused.inc();
    throw new StageFailure(failure);
  }

  /** From now on every photo is refused. */
  refuse(): void {
    this.#isRefusing = true;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { broker, stages, metrics, log } = this.#options;
    if (!broker.connected()) return;
    try {
      const seen = await backlog(broker, stages);
      this.latest = seen;
      this.#fullest = 0;
      for (const { name, bytes, maxBytes } of seen.streams) {
        const fill = maxBytes > 0 ? bytes / maxBytes : 0;
        this.#fullest = Math.max(this.#fullest, fill);
        metrics.streamFill.set({ stream: name }, fill);
      }
      for (const { stage, pending, ackPending, oldestMs } of seen.stages) {
        metrics.consumerPending.set({ stage }, pending);
        metrics.consumerAckPending.set({ stage }, ackPending);
        metrics.consumerOldest.set({ stage }, oldestMs / 1_000);
      }
    } catch (err) {
      log.debug({ err }, "the broker's backlog could not be read");
    }
  }
}
