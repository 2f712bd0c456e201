import { DeliverPolicy, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import {
  LEASE_MS,
  MODEL_STREAM,
  RENEW_MS,
  StageFailure,
  announcementFromJson,
  announcementSubject,
  announcementToJson,
  isCoreModel,
  refusalOfAnalyzer,
  withoutVariant,
  type AnnouncementJson,
} from "@similarfaces/contracts";
import type { Broker } from "./broker.js";

/** The models that have announced themselves, as the bucket says now. */
export interface AnnouncedModels {
  /** All of them, by order, then by name. The same list until something changes. */
  list(): readonly AnnouncementJson[];
  /** Without the core's: those that jobs may ask for. */
  analyzers(): readonly AnnouncementJson[];
  /**
   * Called after an analyzer has come, changed or gone. Not for renewals, for models of the core, and where only the variant that runs is
   * another: replicas of one model on different processors write its record in turns. @returns what ends that
   */
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface FollowOptions {
  /** Aborts the wait for the bucket. */
  signal?: AbortSignal;
  /** As the bucket's, and the renewals': shorter in tests only. */
  leaseMs?: number;
  renewMs?: number;
}

interface Standing {
  text: string;
  announcement: AnnouncementJson;
  revision: number;
  lapse: NodeJS.Timeout;
}

const RETRY_MS = 200;
/** A record whose lease should have ended, and which the broker still has: the two clocks differ. */
const LAPSE_AGAIN_MS = 1_000;

/**
 * Follows the bucket of announcements; resolves when those that stand in it have been read, and waits for a bucket that is not provisioned
 * yet. A record that is out of its lease makes no event, so each has a timer here; what counts is then whether the broker still has it.
 * While the broker is away nobody can renew: what stood before stays until whoever lives has had the time to renew it.
 * @throws StageFailure unavailable when the signal aborts the wait
 */
export async function followModels(broker: Broker, options: FollowOptions = {}): Promise<AnnouncedModels> {
  const { signal, leaseMs = LEASE_MS, renewMs = RENEW_MS } = options;
  const standing = new Map<string, Standing>();
  const listeners = new Set<() => void>();
  let listed: readonly AnnouncementJson[] = [];
  let analyzers: readonly AnnouncementJson[] = [];
  let graceUntilMs = 0;
  let isClosed = false;
  let messages: ConsumerMessages | undefined;

  function close(): void {
    isClosed = true;
    offReconnect();
    for (const { lapse } of standing.values()) clearTimeout(lapse);
    void messages?.close();
  }

  // What was written while the broker was away is read afresh, whatever the old consumer would still deliver.
  const offReconnect = broker.onReconnect(() => {
    graceUntilMs = Date.now() + renewMs;
    void messages?.close();
  });

  async function follow(caughtUp: () => void): Promise<void> {
    while (!isClosed) {
      await read(caughtUp).catch(() => {});
      if (!isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  async function read(caughtUp: () => void): Promise<void> {
    const consumer = await broker.js.consumers.get(MODEL_STREAM, {
      filter_subjects: announcementSubject("*"),
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    let isNew = (await consumer.info(true)).num_pending === 0;
    if (isNew) caughtUp();
    messages = await consumer.consume();
    if (isClosed) return void (await messages.close());
    for await (const message of messages) {
      // Of what was there before, the time that it was written at says how much of its lease is left.
      take(nameOf(message), textOf(message), message.seq, isNew ? 0 : Date.now() - millisOf(message));
      isNew ||= message.info.pending === 0;
      if (isNew) caughtUp();
    }
  }

  function take(name: string, text: string | undefined, revision: number, ageMs: number): void {
    const before = standing.get(name);
    if (isClosed || (before && before.revision > revision)) return;
    clearTimeout(before?.lapse);
    const announcement = before && before.text === text ? before.announcement : readAnnouncement(name, text);
    if (!announcement || text === undefined) return remove(name);
    const lapse = lapseIn(name, Math.min(leaseMs, Math.max(0, leaseMs - ageMs)));
    standing.set(name, { text, announcement, revision, lapse });
    if (before?.announcement !== announcement) changed(before?.announcement, announcement);
  }

  function lapseIn(name: string, ms: number): NodeJS.Timeout {
    return setTimeout(() => void lapse(name), Math.max(ms, graceUntilMs - Date.now())).unref();
  }

  async function lapse(name: string): Promise<void> {
    const again = (ms: number) => {
      const now = standing.get(name);
      if (now && !isClosed) now.lapse = lapseIn(name, ms);
    };
    if (!broker.connected() || Date.now() < graceUntilMs) return again(RETRY_MS);
    try {
      const { revision } = standing.get(name)!;
      const last_by_subj = announcementSubject(name);
      const message = await broker.jsm.streams.getMessage(MODEL_STREAM, { last_by_subj });
      // It has been renewed while the broker was asked.
      if (standing.get(name)?.revision !== revision) return;
      if (!message) return remove(name);
      if (message.seq === revision) return again(LAPSE_AGAIN_MS);
      take(name, message.string(), message.seq, Date.now() - message.time.getTime());
    } catch {
      again(LAPSE_AGAIN_MS);
    }
  }

  function remove(name: string): void {
    const gone = standing.get(name);
    clearTimeout(gone?.lapse);
    if (!isClosed && standing.delete(name)) changed(gone?.announcement, undefined);
  }

  function changed(before: AnnouncementJson | undefined, after: AnnouncementJson | undefined): void {
    listed = [...standing.values()].map(({ announcement }) => announcement).sort(byOrder);
    analyzers = listed.filter(({ name }) => !isCoreModel(name));
    if (isCoreModel((before ?? after)!.name) || isOneModel(before, after)) return;
    for (const listener of listeners) listener();
  }

  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      close();
      reject(new StageFailure("unavailable", "stopped while waiting for announcements"));
    };
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    void follow(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
  });
  return {
    list: () => listed,
    analyzers: () => analyzers,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close,
  };
}

const byOrder = (a: AnnouncementJson, b: AnnouncementJson) => a.order - b.order || (a.name < b.name ? -1 : 1);

function isOneModel(before: AnnouncementJson | undefined, after: AnnouncementJson | undefined): boolean {
  if (!before || !after) return false;
  return JSON.stringify(withoutVariant(before)) === JSON.stringify(withoutVariant(after));
}

const nameOf = ({ subject }: JsMsg) => subject.slice(announcementSubject("").length);

const millisOf = ({ timestampNanos }: JsMsg) => Number(timestampNanos / 1_000_000n);

/** Undefined where somebody has deleted the record. */
function textOf(message: JsMsg): string | undefined {
  return message.headers?.has("KV-Operation") ? undefined : message.string();
}

/** Undefined for what is no announcement of that name: nobody can ask for it. */
function readAnnouncement(name: string, text: string | undefined): AnnouncementJson | undefined {
  if (text === undefined || !(isCoreModel(name) || refusalOfAnalyzer(name) === undefined)) return undefined;
  try {
    const announcement = announcementToJson(announcementFromJson(JSON.parse(text)));
    return announcement.name === name ? announcement : undefined;
  } catch {
    return undefined;
  }
}
