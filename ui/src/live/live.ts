import type { LiveMessage } from "@similarfaces/contracts/api";
import type { AnnouncementJson, FailureJson } from "@similarfaces/contracts/job";
import { getAnalyzers } from "../api/installation";
import { getJob, isGone } from "../api/jobs";
import { ApiFailure } from "../api/request";
import { eventsOf } from "../snapshot";
import { connected, idle, lost, resetSilence, silentForMs, type Transport } from "./link";
import { createSocket } from "./socket";
import { createStreams } from "./streams";
import { FINISHED_MAX, deletionQuestion, finished, watchQuestion, watchers, type Watcher } from "./watchers";

/** Attempts at a transport before the next simpler one is used; more where it has worked before. */
const ATTEMPTS = 2;
const ATTEMPTS_AFTER_SUCCESS = 5;
const BACKOFF_MS = [200, 500, 1_000, 2_000, 4_000];
const POLL_EVERY_MS = 1_000;
/** A dead network closes no socket: a running job without a result for this long is fetched. */
const SILENCE_MS = 4_000;
/** The simple transports are left again for the WebSocket after this time. */
const BETTER_AFTER_MS = 30_000;

let transport: Transport = "websocket";
let hasWorked = false;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let betterAtMs = 0;
let showAnalyzers: ((analyzers: readonly AnnouncementJson[]) => void) | undefined;

const socket = createSocket({
  opened() {
    hasWorked = true;
    failures = 0;
    connected("websocket");
    if (showAnalyzers) socket.send(JSON.stringify({ type: "analyzers" }));
    for (const [jobId, watcher] of watchers) socket.send(watchQuestion(jobId, watcher));
    for (const jobId of finished.keys()) socket.send(deletionQuestion(jobId));
  },
  received(message) {
    connected("websocket");
    receive(message);
  },
  closed() {
    if (watchers.size > 0) lost();
    failed("events");
  },
});

const streams = createStreams({
  received() {
    failures = 0;
    connected("events");
  },
  complete(jobId) {
    finish(jobId);
    connect();
  },
  refused: (jobId, failure) => end(jobId, (watcher) => watcher.failure(failure)),
  failed: () => failed("polling"),
  broken() {
    lost();
    failed("polling");
  },
});

/** Starts to watch, until the job is gone; returns how to stop. All jobs share one connection. */
export function watchJob(jobId: string, watcher: Watcher): () => void {
  watchers.set(jobId, watcher);
  resetSilence();
  if (transport === "websocket" && socket.isOpen()) socket.send(watchQuestion(jobId, watcher));
  else if (timer === undefined || transport !== "websocket") connect();
  return () => {
    if (watchers.get(jobId) === watcher || finished.get(jobId) === watcher) forget(jobId);
  };
}

/** Shows the analyzers that have announced themselves, at once and whenever one comes or goes, for as long as the page is open. */
export function followAnalyzers(show: (analyzers: readonly AnnouncementJson[]) => void): void {
  showAnalyzers = show;
  connect();
}

function connect(): void {
  clearTimeout(timer);
  timer = undefined;
  if (watchers.size === 0 && !showAnalyzers) return;
  if (transport !== "websocket" && Date.now() > betterAtMs) use("websocket");
  if (transport === "websocket") return socket.connect();
  if (transport === "events") streams.connect();
  else void poll();
  if (watchers.size === 0) again(BETTER_AFTER_MS);
}

function use(next: Transport): void {
  transport = next;
  failures = 0;
  betterAtMs = Date.now() + BETTER_AFTER_MS;
  streams.closeAll();
  // Without a socket nothing pushes the analyzers: they are fetched at each change of the transport.
  if (next !== "websocket" && showAnalyzers) getAnalyzers().then(showAnalyzers, () => undefined);
}

/** The connection failed or broke: again after a while, and more simply after a few times. */
function failed(simpler: Transport): void {
  failures++;
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

function receive(message: LiveMessage): void {
  if (message.type === "analyzers") return showAnalyzers?.(message.analyzers);
  const { jobId } = message;
  const watcher = watchers.get(jobId) ?? finished.get(jobId);
  if (!watcher) return;
  if (message.type === "result") {
    watcher.result(message.sequence, message.event);
    if (message.event.deleted) finished.delete(jobId);
  } else if (message.type === "complete") finish(jobId);
  else if (watchers.has(jobId)) refuse(jobId, watcher, message.failure);
  else if (isGone(message.failure)) end(jobId, (known) => known.failure(message.failure));
}

function refuse(jobId: string, watcher: Watcher, failure: FailureJson): void {
  if (!failure.retryable) return end(jobId, (known) => known.failure(failure));
  setTimeout(() => {
    if (watchers.get(jobId) === watcher) socket.send(watchQuestion(jobId, watcher));
  }, 1_000);
}

async function poll(): Promise<void> {
  await Promise.all([...watchers].map(([jobId, watcher]) => pollJob(jobId, watcher)));
  if (transport === "polling" && watchers.size > 0) again(POLL_EVERY_MS);
}

/** Fetches the job as it is now. @returns whether the server answered */
async function pollJob(jobId: string, watcher: Watcher): Promise<boolean> {
  try {
    const snapshot = await getJob(jobId);
    if (watchers.get(jobId) !== watcher) return true;
    if (transport === "polling") connected("polling");
    for (const event of eventsOf(snapshot)) watcher.result(snapshot.sequence, event);
    if (snapshot.state === "complete") finish(jobId);
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
  if (watchers.size === 0 || transport === "polling" || silentForMs() < SILENCE_MS) return;
  resetSilence();
  for (const [jobId, watcher] of watchers) {
    const before = watcher.after();
    void pollJob(jobId, watcher).then((answered) => {
      // The server has results that this connection did not bring: it is dead, though its state is open.
      if (answered && transport === "websocket" && watcher.after() > before) socket.close();
      if (answered && socket.isOpen()) connected("websocket");
    });
  }
}, 1_000);

/** No more answers come; that the job is gone may. */
function finish(jobId: string): void {
  const watcher = watchers.get(jobId);
  if (!watcher) return;
  forget(jobId);
  watcher.complete();
  const [oldest] = finished.keys();
  if (oldest !== undefined && finished.size >= FINISHED_MAX) forget(oldest);
  finished.set(jobId, watcher);
  socket.send(deletionQuestion(jobId));
}

function end(jobId: string, notify: (watcher: Watcher) => void): void {
  const watcher = watchers.get(jobId) ?? finished.get(jobId);
  if (!watcher) return;
  forget(jobId);
  notify(watcher);
}

function forget(jobId: string): void {
  watchers.delete(jobId);
  finished.delete(jobId);
  streams.close(jobId);
  socket.send(JSON.stringify({ type: "unwatch", jobId }));
  if (watchers.size > 0) return;
  idle();
  if (transport !== "websocket") again(BETTER_AFTER_MS);
}
