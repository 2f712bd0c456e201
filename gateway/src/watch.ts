import {
  DEADLINE_GRACE_MS,
  emptyJob,
  jobAt,
  liveOfJobSubject,
  reduceJob,
  type FaceStage,
  type JobState,
  type StageName,
} from "@similarfaces/contracts";
import type { Broker, Log, Metrics } from "@similarfaces/runtime";
import { readEvent, replayJob, type OwnedEvent, type StoredEvent } from "./replay.js";

/** What ends a stream of events: the job as it will stay. */
export interface Completion {
  jobId: string;
  state: JobState["state"];
  faces: number;
  /** From acceptance to the last answer, or to the deadline. */
  elapsedMs: number;
  expired: { stage: StageName; face?: number }[];
}

/** Somebody who wants a job's events. Both are called in order; `complete` is the last call. */
export interface Viewer {
  /** False if no more should come before `resume` of the subscription is called. */
  event(stored: StoredEvent): boolean;
  complete(completion: Completion): void;
  /** Calls back at once; what is said meanwhile belongs in one write. */
  cork?(say: () => void): void;
}

export interface Viewing {
  /** Goes on after a viewer said that it is slow. */
  resume(): void;
  /** Stops; the viewer is not called again. */
  stop(): void;
}

export interface WatchOptions {
  broker: Broker;
  metrics: Metrics;
  log: Log;
  jobTtlMs: number;
}

/**
 * Core delivery may lose a message: an incomplete job that is silent this long is read again from the stream, and after
 * twice as long each time that brings nothing new, so that a stage that is down is no storm of replays.
 */
const SILENCE_MS = 2_000;
const SILENCE_MS_MAX = 16_000;
/** A job whose last viewer has gone is remembered this long: a page that reloads comes back at once. */
const LINGER_MS = 2_000;

interface Place {
  viewer: Viewer;
  /** What it has seen already, up to this sequence. */
  after: number;
  /** Index of the next event in `events`. */
  next: number;
  slow: boolean;
}

interface Taken extends StoredEvent {
  /** It was lost on its way and came after others of a higher sequence: nobody's `after` says that it was seen. */
  late: boolean;
}

/** One watched job: what is known of it, who watches, and when to look again. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #forget: () => void;
  readonly #places = new Set<Place>();
  /** In the order in which viewers get them. */
  readonly #events: Taken[] = [];
  readonly #sequences = new Set<number>();
  /** What one turn of the event loop has brought, which is taken at its end. */
  #arrived: OwnedEvent[] = [];
  #held: OwnedEvent[] | undefined;
  #listening: Promise<void> | undefined;
  #unsubscribe: () => void = () => {};
  #replaying: Promise<void> | undefined;
  #silence: NodeJS.Timeout | undefined;
  #silenceMs = SILENCE_MS;
  #deadline: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #completion: Completion | undefined;
  #ended = false;
  job: JobState;
  sequence = 0;
  known = false;
  /** The id of the key that the job belongs to, if it belongs to one. */
  owner: string | undefined;

  constructor(jobId: string, options: WatchOptions, forget: () => void) {
    this.job = emptyJob(jobId);
    this.#options = options;
    this.#forget = forget;
    this.#lingerUnlessWatched();
  }

  /** Nothing of the job is stored yet; whatever is not heard of it will be read from the stream. */
  async expect(): Promise<void> {
    await this.listen();
    this.known = true;
    this.#armSilence();
  }

  /** Resolves when the broker has the subscription: what is published from then on arrives. */
  listen(): Promise<void> {
    return (this.#listening ??= this.#subscribe());
  }

  async #subscribe(): Promise<void> {
    const { broker, log } = this.#options;
    const subscription = broker.nc.subscribe(liveOfJobSubject(this.job.jobId), {
      callback: (error, message) => {
        if (error) return log.warn({ err: error }, "the live subscription failed");
        const sequence = Number(message.headers?.get("Nats-Sequence") ?? 0);
        this.#receive(readEvent(sequence, message.data));
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
    await broker.nc.flush().catch(() => {});
  }

  /** Reads the job from the stream. What arrives live meanwhile waits, so that viewers get one order. */
  replay(reason: "start" | "reconnect" | "silence"): Promise<void> {
    return (this.#replaying ??= (async () => {
      const held: OwnedEvent[] = (this.#held = []);
      let stored: OwnedEvent[] = [];
      try {
        await this.listen();
        stored = await replayJob(this.#options.broker, this.job.jobId);
        this.#options.metrics.relayReplays.inc({ reason });
      } catch (error) {
        if (reason === "start") throw error;
      } finally {
        this.#held = undefined;
        this.#replaying = undefined;
        const isNew = this.#take([...stored, ...held].sort((a, b) => a.sequence - b.sequence));
        this.#silenceMs = isNew ? SILENCE_MS : Math.min(2 * this.#silenceMs, SILENCE_MS_MAX);
        this.#armSilence();
      }
    })());
  }

  add(viewer: Viewer, after: number): Viewing {
    clearTimeout(this.#linger);
    const place: Place = { viewer, after, next: 0, slow: false };
    this.#places.add(place);
    this.#serve(place);
    return {
      resume: () => {
        place.slow = false;
        this.#serve(place);
      },
      stop: () => {
        this.#places.delete(place);
        this.#lingerUnlessWatched();
      },
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#deadline);
    clearTimeout(this.#linger);
    this.#unsubscribe();
    this.#forget();
  }

  #receive(stored: OwnedEvent): void {
    if (this.#held) {
      this.#held.push(stored);
      return;
    }
    if (this.#arrived.push(stored) > 1) return;
    setImmediate(() => {
      const arrived = this.#arrived;
      this.#arrived = [];
      if (this.#ended) return;
      this.#take(arrived);
      this.#silenceMs = SILENCE_MS;
      this.#armSilence();
    });
  }

  /** All at once: a job read after its deadline is complete only with the last of what was stored. @returns if any was new */
  #take(all: readonly OwnedEvent[]): boolean {
    const fresh = all.filter(({ sequence }) => !this.#sequences.has(sequence));
    for (const { sequence, event, owner } of fresh) {
      if (this.#sequences.has(sequence)) continue;
      this.owner ??= owner;
      this.#sequences.add(sequence);
      this.#events.push({ sequence, event, late: sequence < this.sequence });
      this.sequence = Math.max(this.sequence, sequence);
      this.job = reduceJob(this.job, event);
      if (event.accepted) this.#armDeadline(event.accepted.deadlineAtMs);
    }
    this.#completeIfDone(Date.now());
    this.#flush();
    return fresh.length > 0;
  }

  #completeIfDone(nowMs: number): void {
    const job = jobAt(this.job, nowMs);
    if (this.#completion || (job.state !== "complete" && job.state !== "deleted")) return;
    clearTimeout(this.#silence);
    clearTimeout(this.#deadline);
    this.#completion = {
      jobId: job.jobId,
      state: job.state,
      faces: job.faces.length,
      elapsedMs: Math.max(0, lastFinishedAtMs(this.#events, nowMs) - (job.accepted?.acceptedAtMs ?? nowMs)),
      expired: expiredFields(job),
    };
  }

  #flush(): void {
    for (const place of this.#places) this.#serve(place);
  }

  #serve(place: Place): void {
    const say = () => this.#tell(place);
    if (place.viewer.cork) place.viewer.cork(say);
    else say();
  }

  #tell(place: Place): void {
    const { viewer } = place;
    while (!place.slow && place.next < this.#events.length) {
      const stored = this.#events[place.next++]!;
      if (stored.sequence <= place.after && !stored.late) continue;
      if (!viewer.event(stored)) place.slow = true;
    }
    if (place.slow || !this.#completion || !this.#places.delete(place)) return;
    viewer.complete(this.#completion);
    this.#lingerUnlessWatched();
  }

  /** While a job is incomplete and nothing comes, something may have been lost on its way. */
  #armSilence(): void {
    clearTimeout(this.#silence);
    if (this.#completion || this.#ended) return;
    this.#silence = setTimeout(() => void this.replay("silence"), this.#silenceMs).unref();
  }

  #armDeadline(deadlineAtMs: number): void {
    const inMs = Math.max(0, deadlineAtMs + DEADLINE_GRACE_MS - Date.now()) + 5;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      // What is being read from the stream may hold answers: its end decides.
      if (this.#held) return;
      this.#completeIfDone(Date.now());
      this.#flush();
    }, inMs).unref();
  }

  #lingerUnlessWatched(): void {
    if (this.#places.size > 0 || this.#ended) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.end(), LINGER_MS).unref();
  }
}

function lastFinishedAtMs(events: readonly StoredEvent[], nowMs: number): number {
  const times = events.map(({ event }) => event.timings?.finishedAtMs ?? 0);
  const last = Math.max(0, ...times);
  return last > 0 ? last : nowMs;
}

function expiredFields(job: JobState): Completion["expired"] {
  const expired: Completion["expired"] = job.extract.state === "expired" ? [{ stage: "extract" }] : [];
  for (const { index, fields } of job.faces) {
    for (const [stage, field] of Object.entries(fields)) {
      if (field.state === "expired") expired.push({ stage: stage as FaceStage, face: index });
    }
  }
  return expired;
}
