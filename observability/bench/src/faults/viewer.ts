import type { ResultEvent } from "@similarfaces/contracts";
import { readEvents } from "@similarfaces/mesh";
import { WebSocket } from "ws";

export type Transport = "sse" | "websocket";

/** What one viewer saw of a job over as many connections as it took, each resumed after the last sequence seen. */
export interface Watched {
  /** In order, as often as they were shown. */
  events: ResultEvent[];
  /** When it was told that no more will come; undefined where it never was. */
  toldAtMs?: number;
}

const PAUSE_MS = 200;

/** Watches until told that the job is complete, or until the moment given: a gateway that is away is waited for. */
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
  while (!signal.aborted && watched.toldAtMs === undefined) {
    const headers: Record<string, string> = after === "" ? {} : { "last-event-id": after };
    try {
      const response = await fetch(new URL(`/v1/jobs/${jobId}/events`, url), { headers, signal });
      if (!response.ok || !response.body) {
        await response.text();
      } else {
        for await (const { event, data, id } of readEvents(response.body)) {
          if (id !== "") after = id;
          if (event === "complete") watched.toldAtMs = Date.now();
          // The gateway cannot say now: it is asked again.
          else if (event !== "failure") watched.events.push(JSON.parse(data) as ResultEvent);
        }
      }
    } catch {
      // The gateway is away, or the connection was cut.
    }
    if (watched.toldAtMs === undefined) await pause();
  }
}

interface LiveMessage {
  type: "result" | "complete" | "failure";
  sequence?: number;
  event?: ResultEvent;
}

async function watchByWebSocket(
  url: string,
  jobId: string,
  watched: Watched,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  while (!signal.aborted && watched.toldAtMs === undefined) {
    const socket = new WebSocket(new URL("/v1/live", url.replace(/^http/, "ws")));
    const close = () => socket.terminate();
    signal.addEventListener("abort", close);
    socket.on("open", () => socket.send(JSON.stringify({ type: "watch", jobId, after })));
    socket.on("message", (data: Buffer) => {
      const { type, sequence = 0, event } = JSON.parse(data.toString("utf8")) as LiveMessage;
      if (event) watched.events.push(event);
      after = Math.max(after, sequence);
      if (type === "complete") watched.toldAtMs = Date.now();
      if (type !== "result") socket.close();
    });
    // A close follows.
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    signal.removeEventListener("abort", close);
    if (watched.toldAtMs === undefined) await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
