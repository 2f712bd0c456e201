import { readEvents } from "@similarfaces/client";
import type { ResultEvent } from "@similarfaces/contracts";
import type { LiveMessage } from "@similarfaces/contracts/api";
import { WebSocket } from "ws";

export type Transport = "sse" | "websocket";

/** What one viewer received of a job, over as many connections as it took, each resumed after the last sequence received. */
export interface Watched {
  /** In order, as often as they were shown. */
  events: ResultEvent[];
  /** When the event `complete` came; undefined where it never did. */
  completeAtMs?: number;
}

const PAUSE_MS = 200;

/** Watches until the event `complete`, or until `untilMs`: a gateway that is away is waited for. */
export async function watch(
  url: string,
  jobId: string,
  transport: Transport,
  untilMs: number,
): Promise<Watched> {
  const watched: Watched = { events: [] };
  const signal = AbortSignal.timeout(Math.max(0, untilMs - Date.now()));
  const watchBy = transport === "sse" ? watchBySse : watchByWebSocket;
  await watchBy(url, jobId, watched, signal);
  return watched;
}

async function watchBySse(url: string, jobId: string, watched: Watched, signal: AbortSignal): Promise<void> {
  let after = "";
  /** Events of a stored message that has not come whole: they come again. */
  let partial = 0;
  while (!signal.aborted && watched.completeAtMs === undefined) {
    const headers: Record<string, string> = after === "" ? {} : { "last-event-id": after };
    try {
      const response = await fetch(new URL(`/v1/jobs/${jobId}/events`, url), { headers, signal });
      if (!response.ok || !response.body) {
        await response.text();
      } else {
        watched.events.length -= partial;
        partial = 0;
        for await (const { event, data, id } of readEvents(response.body)) {
          if (event === "complete") watched.completeAtMs = Date.now();
          // The gateway cannot read the job now: the viewer connects again.
          if (event === "complete" || event === "failure") continue;
          watched.events.push(JSON.parse(data) as ResultEvent);
          partial++;
          if (id === undefined) continue;
          after = id;
          partial = 0;
        }
      }
    } catch {
      // The gateway is away, or the connection was cut.
    }
    if (watched.completeAtMs === undefined) await pause();
  }
}

async function watchByWebSocket(
  url: string,
  jobId: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  /** Fields that came with that sequence: after a cut they may come again, with the rest of their stored message. */
  let latest = new Set<string>();
  while (!signal.aborted && watched.completeAtMs === undefined) {
    const socket = new WebSocket(new URL("/v1/live", url.replace(/^http/, "ws")));
    const close = () => socket.terminate();
    const repeatable = latest;
    signal.addEventListener("abort", close);
    socket.on("open", () => socket.send(JSON.stringify({ type: "watch", jobId, after })));
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8")) as LiveMessage;
      if (message.type === "complete") watched.completeAtMs = Date.now();
      if (message.type !== "result") return socket.close();
      const { sequence, event } = message;
      if (sequence > after) {
        after = sequence;
        latest = new Set();
      }
      const field = `${event.stage}.${event.face}`;
      latest.add(field);
      if (!repeatable.has(field)) watched.events.push(event);
    });
    // A close follows.
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    signal.removeEventListener("abort", close);
    if (watched.completeAtMs === undefined) await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
