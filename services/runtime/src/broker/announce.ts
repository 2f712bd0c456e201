import {
  ANNOUNCEMENT_BYTES_MAX,
  LEASE_MS,
  RENEW_MS,
  StageFailure,
  announcementSubject,
  announcementToJson,
  isCoreModel,
  provisionSubject,
  type Announcement,
  type StageName,
} from "@similarfaces/contracts";
import { ConfigError } from "../settings/settings.js";
import type { Log } from "../telemetry/log.js";
import type { Broker } from "./broker.js";
import { untilProvisioned } from "./provision.js";

export interface AnnounceOptions {
  log: Pick<Log, "warn">;
  /** Aborts the wait for a consumer, and for the broker to store the announcement. */
  signal?: AbortSignal;
  /** As the bucket's, and how often within it: shorter in tests only. */
  leaseMs?: number;
  renewMs?: number;
}

export interface Announced {
  /** Ends the renewals. The record stays for the rest of its lease: a replica, or whoever comes after a restart, takes it over. */
  close(): void;
}

const ANSWER_WITHIN_MS = 5_000;
const AGAIN_MS = 250;
const RENEW_AGAIN_MS = 1_000;

/**
 * Says that a model runs: writes its announcement and renews it. An analyzer asks `provision` for its consumer first, and waits until that
 * is made; the models of the core are part of stages that have theirs. Resolves when it is stored: from then on jobs may ask for the analyzer.
 * @throws ConfigError with the words in which `provision` refuses it, or where it is too long
 * @throws StageFailure unavailable when the signal aborts the wait
 */
export async function announce(
  broker: Broker,
  announcement: Announcement,
  { log, signal, leaseMs = LEASE_MS, renewMs = RENEW_MS }: AnnounceOptions,
): Promise<Announced> {
  const { name } = announcement;
  // What no broker stores would be tried for ever.
  recordOf(announcement);
  const closing = new AbortController();
  const stopping = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]);
  const isAnalyzer = !isCoreModel(name);
  if (isAnalyzer) await untilConsumerIsThere(broker, name, stopping);
  await untilStored(broker, announcement, log, stopping);
  let storedAtMs = Date.now();
  let isRenewing = false;
  let next = setTimeout(() => void renew(), renewMs).unref();

  async function renew(): Promise<void> {
    if (isRenewing || closing.signal.aborted) return;
    isRenewing = true;
    clearTimeout(next);
    let pauseMs = renewMs;
    try {
      // Whoever was away for longer than the lease, a machine that slept for instance, may have lost the consumer.
      if (isAnalyzer && Date.now() - storedAtMs > leaseMs)
        await untilConsumerIsThere(broker, name, closing.signal);
      await storeAnnouncement(broker, announcement);
      storedAtMs = Date.now();
    } catch (err) {
      pauseMs = RENEW_AGAIN_MS;
      if (!closing.signal.aborted) log.warn({ err, model: name }, "the announcement could not be renewed");
    }
    isRenewing = false;
    if (!closing.signal.aborted) next = setTimeout(() => void renew(), pauseMs).unref();
  }

  // A broker that was away has forgotten what was out of its lease when it came back.
  const offReconnect = broker.onReconnect(() => void renew());
  return {
    close() {
      closing.abort();
      clearTimeout(next);
      offReconnect();
    },
  };
}

/**
 * Writes the record of a model, or renews it.
 * @throws Error where the broker does not store it in time; ConfigError where it is too long
 */
export async function storeAnnouncement(broker: Broker, announcement: Announcement): Promise<void> {
  await broker.outbox.store(announcementSubject(announcement.name), recordOf(announcement));
}

/** @throws ConfigError where it is too long */
function recordOf(announcement: Announcement): Buffer {
  const record = Buffer.from(JSON.stringify(announcementToJson(announcement)));
  if (record.byteLength <= ANNOUNCEMENT_BYTES_MAX) return record;
  throw new ConfigError([
    `the announcement of "${announcement.name}" has ${record.byteLength} bytes, ${ANNOUNCEMENT_BYTES_MAX} at most: its manifest's texts are too long, or too many`,
  ]);
}

async function untilStored(
  broker: Broker,
  announcement: Announcement,
  log: AnnounceOptions["log"],
  signal: AbortSignal,
): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    mustGoOn(signal);
    try {
      return await storeAnnouncement(broker, announcement);
    } catch (err) {
      if (isFirst) log.warn({ err, model: announcement.name }, "the announcement could not be stored yet");
      await pause(AGAIN_MS);
    }
  }
}

async function untilConsumerIsThere(broker: Broker, name: StageName, signal: AbortSignal): Promise<void> {
  const refusal = await answerOfProvision(broker, name, signal);
  if (refusal !== "") throw new ConfigError([refusal]);
  await untilProvisioned(broker, name, signal);
}

/** What `provision` says of it: nothing, or why it makes no consumer. Asked until it answers: it may be starting, or away. */
async function answerOfProvision(broker: Broker, name: StageName, signal: AbortSignal): Promise<string> {
  const options = { timeout: ANSWER_WITHIN_MS };
  for (;;) {
    mustGoOn(signal);
    try {
      return (await broker.nc.request(provisionSubject(name), "", options)).string();
    } catch {
      await pause(AGAIN_MS);
    }
  }
}

function mustGoOn(signal: AbortSignal): void {
  if (signal.aborted) throw new StageFailure("unavailable", "stopped while announcing a model");
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
