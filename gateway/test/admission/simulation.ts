import type { StageName } from "@similarfaces/contracts";
import { Entrants } from "../../src/admission/entrants.js";
import { ExpectedWait } from "../../src/admission/expectedWait.js";
import { Shares } from "../../src/admission/shares.js";
import type { BacklogSample } from "../../src/admission/stagePace.js";

/** Messages per second at a time, 0 while the stage is down. */
export type PaceAt = (nowMs: number) => number;

interface Work {
  job: Job;
  leftMs: number;
}

export interface Job {
  client: string;
  acceptedAtMs: number;
  faces: number;
  /** When each stage had done all of its part. */
  doneAtMs: Map<string, number>;
  left: Map<string, number>;
}

const STEP_MS = 5;

/** A consumer and its workers, with `slots` messages delivered at once, as a broker would count them. */
class SimulatedStage {
  readonly waiting: Job[] = [];
  #working: Work[] = [];
  #sequence = 0;

  constructor(
    readonly name: StageName,
    readonly paceAt: PaceAt,
    readonly slots: number,
    readonly random: () => number,
  ) {}

  sample(atMs: number): BacklogSample & { stage: StageName } {
    const sequence = this.#sequence;
    const [pending, ackPending] = [this.waiting.length, this.#working.length];
    return { stage: this.name, atMs, pending, ackPending, sequence, deliveries: sequence };
  }

  /** @returns what ended */
  step(nowMs: number): Job[] {
    const perSecond = this.paceAt(nowMs);
    if (perSecond === 0) return [];
    while (this.#working.length < this.slots && this.waiting.length > 0) {
      this.#sequence++;
      // As many side by side as there are slots: each takes that much longer. Half of it is chance.
      const leftMs = (this.slots / perSecond) * 1_000 * (0.5 + this.random());
      this.#working.push({ job: this.waiting.shift()!, leftMs });
    }
    for (const work of this.#working) work.leftMs -= STEP_MS;
    const ended = this.#working.filter(({ leftMs }) => leftMs <= 0);
    this.#working = this.#working.filter(({ leftMs }) => leftMs > 0);
    return ended.map(({ job }) => job);
  }
}

export interface SimulationOptions {
  random: () => number;
  extract: PaceAt;
  /** Stages after it, of faces per second. */
  later?: Readonly<Record<StageName, PaceAt>>;
  facesOf?: (random: () => number) => number;
  /** Photos delivered to extract at once. */
  slots?: number;
  gateways?: number;
  limitMs?: number;
}

/** Gateways before one mesh, on a clock of their own: what they let in and when it was done. */
export class Simulation {
  readonly accepted: Job[] = [];
  readonly refused: { client: string; atMs: number; retryAfterSeconds: number }[] = [];
  readonly #options: SimulationOptions;
  readonly #stages: SimulatedStage[];
  readonly #gateways: SimulatedGateway[];
  nowMs = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { random, extract, later = {}, slots = 4, gateways = 1, limitMs = 4_000 } = options;
    this.#stages = [
      new SimulatedStage("extract", extract, slots, random),
      ...Object.entries(later).map(([name, paceAt]) => new SimulatedStage(name, paceAt, 8, random)),
    ];
    const samples = () => this.#stages.map((stage) => stage.sample(this.nowMs));
    this.#gateways = Array.from(
      { length: gateways },
      (_, i) => new SimulatedGateway(limitMs, samples, i * 97),
    );
  }

  get names(): StageName[] {
    return this.#stages.map(({ name }) => name);
  }

  /** Photos per second of a client for so long, at moments of chance, then the mesh alone for `restMs`. */
  run(perSecond: Record<string, number>, durationMs: number): this {
    const { random } = this.#options;
    const untilMs = this.nowMs + durationMs;
    const next = new Map<string, number>();
    const gap = (rate: number) => (-Math.log(1 - random()) / rate) * 1_000;
    for (const [client, rate] of Object.entries(perSecond)) next.set(client, this.nowMs + gap(rate));
    while (this.nowMs < untilMs) {
      for (const [client, atMs] of next) {
        let dueMs = atMs;
        for (; dueMs <= this.nowMs; dueMs += gap(perSecond[client]!)) this.offer(client);
        next.set(client, dueMs);
      }
      this.#step();
    }
    return this;
  }

  /** That many photos at one moment. */
  burst(client: string, count: number): this {
    for (let i = 0; i < count; i++) this.offer(client);
    return this;
  }

  offer(client: string): void {
    const { random, facesOf = () => 1 } = this.#options;
    const gateway = this.#gateways[Math.floor(random() * this.#gateways.length)]!;
    const retryAfterSeconds = gateway.offer(client, this.names, this.nowMs);
    if (retryAfterSeconds !== undefined) {
      this.refused.push({ client, atMs: this.nowMs, retryAfterSeconds });
      return;
    }
    const faces = facesOf(random);
    const left = new Map(this.names.map((name) => [name, name === "extract" ? 1 : faces]));
    const job = { client, acceptedAtMs: this.nowMs, faces, doneAtMs: new Map(), left };
    this.accepted.push(job);
    this.#stages[0]!.waiting.push(job);
  }

  #step(): void {
    this.nowMs += STEP_MS;
    for (const stage of this.#stages) {
      for (const job of stage.step(this.nowMs)) {
        job.left.set(stage.name, job.left.get(stage.name)! - 1);
        if (job.left.get(stage.name) === 0) job.doneAtMs.set(stage.name, this.nowMs);
        if (stage.name !== "extract") continue;
        for (const later of this.#stages.slice(1)) {
          for (let face = 0; face < job.faces; face++) later.waiting.push(job);
        }
      }
    }
    for (const gateway of this.#gateways) gateway.step(this.nowMs);
  }
}

/** What Admission does, without a broker. */
class SimulatedGateway {
  readonly #expected: ExpectedWait;
  readonly #entrants = new Entrants();
  readonly #shares: Shares;
  #nextSampleAtMs: number;

  constructor(
    readonly limitMs: number,
    readonly samples: () => (BacklogSample & { stage: StageName })[],
    firstSampleAtMs: number,
  ) {
    this.#expected = new ExpectedWait(limitMs);
    this.#shares = new Shares(limitMs);
    this.#nextSampleAtMs = firstSampleAtMs;
  }

  offer(client: string, stages: readonly StageName[], nowMs: number): number | undefined {
    this.#shares.asked(client, nowMs);
    const waitMs = this.#expected.waitMs(this.#entrants.count(nowMs), stages);
    if (waitMs > this.limitMs || !this.#shares.mayEnter(waitMs, nowMs)) {
      return this.#expected.retryAfterSeconds(waitMs);
    }
    this.#shares.entered(client, nowMs);
    this.#entrants.enter().stored(nowMs);
    return undefined;
  }

  step(nowMs: number): void {
    if (nowMs < this.#nextSampleAtMs) return;
    this.#nextSampleAtMs = nowMs + 250;
    this.#expected.record(this.samples(), nowMs);
    this.#entrants.sampled(nowMs);
  }
}

/** How long accepted photos took until these stages had answered, milliseconds, ascending; what has not ended is infinite. */
export function tookMs(jobs: readonly Job[], stages: readonly string[]): number[] {
  return jobs
    .map(
      ({ acceptedAtMs, doneAtMs }) =>
        Math.max(...stages.map((stage) => doneAtMs.get(stage) ?? Infinity)) - acceptedAtMs,
    )
    .toSorted((a, b) => a - b);
}

/** The value below which a share of the others lies. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? Number.NaN;
}
