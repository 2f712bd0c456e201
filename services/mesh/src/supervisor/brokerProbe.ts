import { statfsSync } from "node:fs";
import type { Broker } from "@similarfaces/runtime/broker";

export interface BrokerProbeOptions {
  url: string;
  user: string;
  password: string;
  /** Where the broker stores: a full disk is the usual reason. */
  dataDir: string;
  /** It has answered nothing for so long that it will not, and why, as far as that is known. */
  onSilence(how: string): void;
}

export interface BrokerProbe {
  /** A new process: it may take its time to read its store before it listens. */
  started(): void;
  close(): Promise<void>;
}

const ASK_EVERY_MS = 2_000;
const ASK_AGAIN_MS = 500;
const ANSWER_WITHIN_MS = 2_000;
/** So many questions in a row without an answer are no accident. */
const MISSES_MAX = 3;
/** To read a store of any size. */
const START_WITHIN_MS = 60_000;
const FULL_BELOW_BYTES = 1024 * 1024;

/**
 * Asks the broker's JetStream how it is, over and over. A nats-server 2.9 that cannot write to its disk is alive, says so to its own health
 * check, and never answers anybody again, not even SIGTERM; newer ones may turn JetStream off, and it stays so.
 */
export function probeBroker(options: BrokerProbeOptions): BrokerProbe {
  const { dataDir, onSilence, ...access } = options;
  const closing = new AbortController();
  let startedAtMs = Date.now();
  let hasAnswered = false;
  let sawFullDisk = false;
  let misses = 0;

  async function ask(broker: Broker): Promise<void> {
    const of = startedAtMs;
    const fault = await answerOf(broker);
    // Of a process that is gone by now.
    if (of !== startedAtMs || closing.signal.aborted) return;
    if (fault === undefined) {
      hasAnswered = true;
      misses = 0;
      return;
    }
    sawFullDisk ||= isFull(dataDir);
    // What began on a full disk will never answer, also when there is room again; the next one may.
    const mayStillStart = !hasAnswered && !sawFullDisk && Date.now() - startedAtMs < START_WITHIN_MS;
    if (mayStillStart || ++misses < MISSES_MAX) return;
    misses = 0;
    onSilence(isFull(dataDir) ? `${fault}, the disk of ${dataDir} is full` : fault);
  }

  const asking = (async () => {
    // Later, for the start has better things to do.
    await pause(ASK_EVERY_MS, closing.signal);
    const { connectBroker } = await import("@similarfaces/runtime/broker");
    const broker = await connectBroker({
      ...access,
      name: "similarfaces supervisor",
      signal: closing.signal,
    });
    while (!closing.signal.aborted) {
      await ask(broker);
      await pause(misses > 0 ? ASK_AGAIN_MS : ASK_EVERY_MS, closing.signal);
    }
    await broker.close();
  })().catch(() => {});

  return {
    started() {
      startedAtMs = Date.now();
      hasAnswered = false;
      sawFullDisk = isFull(dataDir);
      misses = 0;
    },
    async close() {
      closing.abort();
      await asking;
    },
  };
}

/** Undefined where JetStream answers; what is wrong otherwise. */
async function answerOf({ nc, js }: Broker): Promise<string | undefined> {
  try {
    const message = await nc.request(`${js.apiPrefix}.INFO`, "", { timeout: ANSWER_WITHIN_MS });
    const { error } = message.json<{ error?: { description: string } }>();
    return error ? `has no JetStream any more (${error.description})` : undefined;
  } catch (error) {
    const { name } = error as Error;
    return name === "NoRespondersError" ? "has no JetStream any more" : "answers nothing";
  }
}

function isFull(dir: string): boolean {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize < FULL_BELOW_BYTES;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
