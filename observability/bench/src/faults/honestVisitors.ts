import type { MixPhoto } from "@similarfaces/load";
import { sight, type Sighted, type Sighting } from "./sighting.js";

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
  /** The visitor of a job was told that it is complete. */
  onCompletion?(atMs: number): void;
  /** No more will be sent, and every visitor was told the end of his job. */
  onAllDone?(): void;
}

export interface Visits {
  sightings: Sighting[];
  /** Photos that were not taken and sent again: the gateway was away or said 503. */
  refusals: number;
  /** Visitors whose photo was not taken for two minutes. */
  gaveUp: number;
}

const PAUSE_MS = 250;
/** Sooner than asked: the first photo after an outage is what tells how long recovery takes. */
const RETRY_AFTER_MS_MAX = 2_000;
/** Whoever is refused this long gives up. */
const REFUSED_MAX_MS = 120_000;

/** Visitors who send a photo, watch it to its end (in turns by server-sent events and by WebSocket) and send the next. */
export async function honestVisitors(options: VisitorsOptions): Promise<Visits> {
  const seen: Sighted[] = [];
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
      const sighted = await sight({ ...options, jobId, photo, transport });
      if (sighted.toldAtMs !== undefined) options.onCompletion?.(sighted.toldAtMs);
      seen.push(sighted);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, lane));
  options.onAllDone?.();
  return { sightings: await Promise.all(seen.map(whatIsStored)), refusals, gaveUp };
}

/** While the broker is away or wedged nobody can say what is stored: that is asked again when all else is over. */
async function whatIsStored({ stored, read }: Sighted): Promise<Sighting> {
  const sighting = await stored;
  return sighting.job.state === "unknown" ? read() : sighting;
}

interface Until {
  patienceMs: number;
  onRefusal(): void;
  isWanted(): boolean;
}

/**
 * Sends a photo until it is taken, as a person does. Where the connection was cut before the answer nobody has an id, so nothing was
 * accepted. @returns undefined where it is wanted no longer, or patience has ended
 * @throws Error where the photo is refused for good
 */
async function submit(
  url: string,
  photo: Uint8Array<ArrayBuffer>,
  { patienceMs, onRefusal, isWanted }: Until,
): Promise<string | undefined> {
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    const response = await fetch(new URL("/v1/jobs", url), { method: "POST", body: photo }).catch(
      () => undefined,
    );
    const text = await response?.text().catch(() => undefined);
    if (response?.status === 202 && text) return (JSON.parse(text) as { jobId: string }).jobId;
    if (response && response.status !== 202 && response.status < 500) {
      throw new Error(`an honest photo was answered ${response.status}: ${text}`);
    }
    onRefusal();
    if (Date.now() > untilMs || !isWanted()) return undefined;
    const retryAfterMs = Number(response?.headers.get("retry-after") ?? 0) * 1_000;
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(retryAfterMs || PAUSE_MS, RETRY_AFTER_MS_MAX)),
    );
  }
}
