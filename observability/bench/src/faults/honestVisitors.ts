import { Gateway, GatewayFailure } from "@similarfaces/client";
import type { MixPhoto } from "@similarfaces/load";
import { observe, type WatchedJob, type Observation } from "./observation.js";

export interface VisitorsOptions {
  url: string;
  /** The next photo of the mix. */
  deal(): MixPhoto;
  /** Whether one more photo is to be sent. */
  more(sent: number): boolean;
  /** Photos on their way at once. */
  inFlight: number;
  deadlineMs: number;
  /** From a job's end until it is read anew. */
  readAgainAfterMs: number;
  /** A visitor has received the end of a job. */
  onCompletion?(atMs: number): void;
  /** No more will be sent, and every visitor has received the end of the job, or has stopped waiting. */
  onAllDone?(): void;
}

export interface Visits {
  observations: Observation[];
  /** Photos that were not accepted and sent again: the gateway was away or answered 503. */
  refusals: number;
  /** Visitors whose photo was not accepted for two minutes. */
  gaveUp: number;
}

const PAUSE_MS = 250;
/** Sooner than the gateway asks for: how long recovery takes is measured by the first photo after an outage. */
const RETRY_AFTER_MS_MAX = 2_000;
/** A visitor who is refused for this long gives up. */
const REFUSED_MAX_MS = 120_000;

/** Visitors who send a photo, watch it to its end (in turns by server-sent events and by WebSocket) and send the next. */
export async function honestVisitors(options: VisitorsOptions): Promise<Visits> {
  const jobs: WatchedJob[] = [];
  let sent = 0;
  let refusals = 0;
  let gaveUp = 0;
  const lane = async () => {
    while (options.more(sent)) {
      const turn = sent++;
      const { name: photo, bytes } = options.deal();
      const until = {
        patienceMs: REFUSED_MAX_MS,
        onRefusal: () => void refusals++,
        isWanted: () => options.more(0),
      };
      const jobId = await submit(options.url, bytes, until);
      if (jobId === undefined) {
        if (options.more(0)) gaveUp++;
        return;
      }
      const transport = turn % 2 === 0 ? "sse" : "websocket";
      const watched = await observe({ ...options, jobId, photo, transport });
      if (watched.completeAtMs !== undefined) options.onCompletion?.(watched.completeAtMs);
      jobs.push(watched);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, lane));
  options.onAllDone?.();
  return { observations: await Promise.all(jobs.map(storedOf)), refusals, gaveUp };
}

/** While the broker is away or hangs, the job cannot be read: that is tried again when all else is over. */
async function storedOf({ stored, read }: WatchedJob): Promise<Observation> {
  const observation = await stored;
  return observation.job.state === "unknown" ? read() : observation;
}

interface Until {
  patienceMs: number;
  onRefusal(): void;
  isWanted(): boolean;
}

/**
 * Sends a photo until it is accepted. A connection that was cut before the answer counts as not accepted: there is no id.
 * @returns undefined where it is no longer wanted, or after `patienceMs`
 * @throws GatewayFailure where the photo is refused for good
 */
async function submit(
  url: string,
  photo: Uint8Array<ArrayBuffer>,
  { patienceMs, onRefusal, isWanted }: Until,
): Promise<string | undefined> {
  const { jobs } = new Gateway({ url, patienceMs: 0 });
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    try {
      return (await jobs.send(photo)).jobId;
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      if (error.source === "answer" && !error.retryable) throw error;
      onRefusal();
      if (Date.now() > untilMs || !isWanted()) return undefined;
      const pauseMs = Math.min(error.retryAfterMs ?? PAUSE_MS, RETRY_AFTER_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
