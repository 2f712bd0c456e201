import { Gateway, GatewayFailure, type Jobs } from "@similarfaces/client";
import { emptyJob, jobAt, reduceJob, type JobState, type ResultEvent } from "@similarfaces/contracts";
import type { LiveMessage, LiveQuestion, Photo } from "@similarfaces/contracts/api";
import { WebSocket } from "ws";

/** What one visitor saw of one photo. Milliseconds since the photo should have been sent. */
export interface Visit {
  outcome: "complete" | "failed" | "expired" | "refused" | "error";
  faces: number;
  firstBoxMs?: number;
  firstAttributeMs?: number;
  allResultsMs?: number;
  /** Why, where the outcome is not complete. */
  reason?: string;
}

export type Transport = "sse" | "websocket";

/** Sends one photo and watches until its job is complete, as the page and curl do. Never throws. */
export async function visit(
  url: string,
  photo: Uint8Array<ArrayBuffer>,
  transport: Transport,
  dueAtMs: number,
): Promise<Visit> {
  const moments = new Moments(dueAtMs);
  // A visitor of an open loop comes once: whoever is refused is counted.
  const { jobs } = new Gateway({ url, patienceMs: 0 });
  try {
    if (transport === "sse") await watchBySse(jobs, photo, moments);
    else await watchByWebSocket(url, jobs, photo, moments);
    return moments.visit();
  } catch (error) {
    if (error instanceof GatewayFailure && error.source === "answer")
      return { outcome: "refused", faces: 0, reason: error.code };
    return { outcome: "error", faces: 0, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Gathers the moments that count while results arrive. */
class Moments {
  readonly #dueAtMs: number;
  #job: JobState = emptyJob("");
  #firstBoxMs: number | undefined;
  #firstAttributeMs: number | undefined;
  #allResultsMs: number | undefined;

  constructor(dueAtMs: number) {
    this.#dueAtMs = dueAtMs;
  }

  add(event: ResultEvent): void {
    const sinceMs = performance.now() - this.#dueAtMs;
    this.#job = reduceJob(this.#job, event);
    if (event.stage === "extract") this.#firstBoxMs ??= sinceMs;
    if (event.face !== undefined && event.stage !== "embed") this.#firstAttributeMs ??= sinceMs;
    if (this.#job.state === "complete") this.#allResultsMs ??= sinceMs;
  }

  visit(): Visit {
    const job = jobAt(this.#job, Date.now());
    const fields = [job.extract, ...job.faces.flatMap((face) => Object.values(face.fields))];
    const failed = fields.find((field) => field.state === "failed");
    const left = fields.some((field) => field.state === "pending" || field.state === "expired");
    return {
      outcome: left ? "expired" : failed ? "failed" : "complete",
      faces: job.faces.length,
      ...(this.#firstBoxMs === undefined ? {} : { firstBoxMs: this.#firstBoxMs }),
      ...(this.#firstAttributeMs === undefined ? {} : { firstAttributeMs: this.#firstAttributeMs }),
      ...(this.#allResultsMs === undefined ? {} : { allResultsMs: this.#allResultsMs }),
      ...(failed?.state === "failed" ? { reason: failed.failure.code } : {}),
    };
  }
}

async function watchBySse(jobs: Jobs, photo: Photo, moments: Moments): Promise<void> {
  for await (const message of jobs.analyse(photo)) if (message.type === "result") moments.add(message.event);
}

async function watchByWebSocket(url: string, jobs: Jobs, photo: Photo, moments: Moments): Promise<void> {
  const { jobId } = await jobs.send(photo);
  const socket = new WebSocket(new URL("/v1/live", url.replace(/^http/, "ws")));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the socket closed before the job was complete")));
      socket.once("open", () => socket.send(JSON.stringify({ type: "watch", jobId } satisfies LiveQuestion)));
      socket.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString("utf8")) as LiveMessage;
        if (message.type === "result") moments.add(message.event);
        if (message.type === "complete") resolve();
        if (message.type === "failure") reject(new Error(message.failure.code));
      });
    });
  } finally {
    socket.close();
  }
}
