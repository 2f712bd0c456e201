import type { FailureJson, ResultEvent } from "@similarfaces/contracts/job";
import { createSignal } from "solid-js";
import type { JobFailure, LiveMessage } from "@similarfaces/contracts/api";
import { ApiFailure, getJob, openEvents, openSocket } from "./api";
import { shareOf } from "./shares";
import { eventsOf } from "./snapshot";

/** Who wants a job's results. They come in the server's order; some may come twice. */
export interface Watcher {
  /** The sequence of the last result seen, to go on from after a broken connection. */
  after(): number;
  result(sequence: number, event: ResultEvent): void;
  /** Nothing more comes: the job is complete, or its deadline has passed. */
  complete(): void;
  /** Nothing more comes, because there is no such job (any more). */
  failure(failure: FailureJson): void;
}

/** How results come now; `offline` while nothing reaches the server. */
export type Link = "idle" | "websocket" | "events" | "polling" | "offline";

const [link, setLink] = createSignal<Link>("idle");
export { link };

type Transport = "websocket" | "events" | "polling";

/** Attempts at a transport before the next simpler one is taken; more where it has worked before. */
const ATTEMPTS = 2;
const ATTEMPTS_AFTER_SUCCESS = 5;
const BACKOFF_MS = [200, 500, 1_000, 2_000, 4_000];
const POLL_EVERY_MS = 1_000;
/** A browser opens six connections to one server; pictures need some. */
const STREAMS_MAX = 3;
/** A dead network closes no socket: a running job that is silent this long is asked for. */
const SILENCE_MS = 4_000;
/** The simple transports are left again for the WebSocket after this time. */
const BETTER_AFTER_MS = 30_000;

const OFFLINE_AFTER_MS = 1_000;

const watchers = new Map<string, Watcher>();
const streams = new Map<string, EventSource>();
let transport: Transport = "websocket";
let socket: WebSocket | undefined;
let hasWorked = false;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let losing: ReturnType<typeof setTimeout> | undefined;
let betterAtMs = 0;
let heardAtMs = 0;

/** Starts to watch; returns how to stop. All jobs share one connection. */
export function watchJob(jobId: string, watcher: Watcher): () => void {
  watchers.set(jobId, watcher);
  heardAtMs = Date.now();
  if (transport === "websocket" && socket?.readyState === WebSocket.OPEN) ask(jobId, watcher);
  else if (timer === undefined || transport !== "websocket") connect();
  return () => {
    if (watchers.get(jobId) === watcher) forget(jobId);
  };
}

function connect(): void {
  clearTimeout(timer);
  timer = undefined;
  if (watchers.size === 0) return;
  if (transport !== "websocket" && Date.now() > betterAtMs) use("websocket");
  if (transport === "websocket") connectSocket();
  else if (transport === "events") connectStreams();
  else void poll();
}

function use(next: Transport): void {
  transport = next;
  failures = 0;
  betterAtMs = Date.now() + BETTER_AFTER_MS;
  for (const stream of streams.values()) stream.close();
  streams.clear();
}

/** The connection failed or broke: again after a while, and more simply after a few times. */
function failed(simpler: Transport): void {
  failures++;
  if (watchers.size === 0) return;
  if (failures >= (hasWorked ? ATTEMPTS_AFTER_SUCCESS : ATTEMPTS) && navigator.onLine) use(simpler);
  again(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)]!);
}

function again(inMs: number): void {
  clearTimeout(timer);
  timer = setTimeout(connect, inMs);
}

addEventListener("online", () => {
  failures = 0;
  connect();
});

// WebSocket

function connectSocket(): void {
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  const opened = openSocket();
  socket = opened;
  opened.addEventListener("open", () => {
    hasWorked = true;
    failures = 0;
    heard("websocket");
    for (const [jobId, watcher] of watchers) ask(jobId, watcher);
  });
  opened.addEventListener("message", ({ data }) => {
    heard("websocket");
    receive(JSON.parse(data as string) as LiveMessage);
  });
  opened.addEventListener("close", () => {
    if (socket !== opened) return;
    socket = undefined;
    if (watchers.size > 0) lost();
    failed("events");
  });
}

function ask(jobId: string, watcher: Watcher): void {
  socket?.send(JSON.stringify({ type: "watch", jobId, after: watcher.after(), share: shareOf(jobId) }));
}

function receive(message: LiveMessage): void {
  const watcher = watchers.get(message.jobId);
  if (!watcher) return;
  if (message.type === "result") watcher.result(message.sequence, message.event);
  else if (message.type === "complete") end(message.jobId, (known) => known.complete());
  else if (!message.failure.retryable) end(message.jobId, (known) => known.failure(message.failure));
  else setTimeout(() => watchers.get(message.jobId) === watcher && ask(message.jobId, watcher), 1_000);
}

// Server-sent events: one connection a job.

const EVENT_TYPES = [
  "accepted",
  "extract",
  "embed",
  "age",
  "gender",
  "race",
  "emotion",
  "match",
  "enrol",
  "deleted",
];

function connectStreams(): void {
  for (const [jobId, watcher] of watchers) {
    if (streams.size >= STREAMS_MAX) return;
    if (streams.has(jobId)) continue;
    const stream = openEvents(jobId, watcher.after());
    streams.set(jobId, stream);
    const close = () => {
      stream.close();
      if (streams.get(jobId) === stream) streams.delete(jobId);
    };
    stream.addEventListener("open", () => {
      failures = 0;
      heard("events");
    });
    for (const type of EVENT_TYPES) {
      stream.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
        heard("events");
        watcher.result(Number(lastEventId), JSON.parse(data) as ResultEvent);
      });
    }
    stream.addEventListener("complete", () => {
      close();
      end(jobId, (known) => known.complete());
      connect();
    });
    // Ours is the failure that the server names; the browser's own has no data. The browser would connect again by itself, but
    // only this page knows when to change to something simpler.
    stream.addEventListener("failure", ({ data }: MessageEvent<string>) => {
      close();
      const { failure } = JSON.parse(data) as JobFailure;
      if (failure.retryable) failed("polling");
      else end(jobId, (known) => known.failure(failure));
    });
    stream.addEventListener("error", () => {
      if (streams.get(jobId) !== stream) return;
      close();
      lost();
      failed("polling");
    });
  }
}

// Polling

async function poll(): Promise<void> {
  await Promise.all([...watchers].map(([jobId, watcher]) => look(jobId, watcher)));
  if (transport === "polling" && watchers.size > 0) again(POLL_EVERY_MS);
}

/** Asks once for all that is known. True if the server answered. */
async function look(jobId: string, watcher: Watcher): Promise<boolean> {
  try {
    const snapshot = await getJob(jobId);
    if (watchers.get(jobId) !== watcher) return true;
    if (transport === "polling") heard("polling");
    for (const event of eventsOf(snapshot)) watcher.result(snapshot.sequence, event);
    if (snapshot.state === "complete") end(jobId, (known) => known.complete());
    return true;
  } catch (error) {
    if (error instanceof ApiFailure && !error.retryable) {
      end(jobId, (known) => known.failure(error));
      return true;
    }
    lost();
    return false;
  }
}

setInterval(() => {
  if (watchers.size === 0 || transport === "polling" || Date.now() - heardAtMs < SILENCE_MS) return;
  heardAtMs = Date.now();
  for (const [jobId, watcher] of watchers) {
    const before = watcher.after();
    void look(jobId, watcher).then((answered) => {
      // The server knows more than this connection told: it is dead, whatever it says of itself.
      if (answered && transport === "websocket" && watcher.after() > before) socket?.close();
      if (answered && socket?.readyState === WebSocket.OPEN) heard("websocket");
    });
  }
}, 1_000);

function heard(by: Transport): void {
  heardAtMs = Date.now();
  clearTimeout(losing);
  losing = undefined;
  setLink(by);
}

/** A connection that is back at once was never worth a word. */
function lost(): void {
  losing ??= setTimeout(() => setLink("offline"), OFFLINE_AFTER_MS);
}

function end(jobId: string, tell: (watcher: Watcher) => void): void {
  const watcher = watchers.get(jobId);
  if (!watcher) return;
  forget(jobId);
  tell(watcher);
}

function forget(jobId: string): void {
  watchers.delete(jobId);
  streams.get(jobId)?.close();
  streams.delete(jobId);
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "unwatch", jobId }));
  if (watchers.size > 0) return;
  clearTimeout(losing);
  losing = undefined;
  setLink("idle");
}
