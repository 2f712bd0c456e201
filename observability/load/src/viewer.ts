import {
  emptyJob,
  jobAt,
  reduceJob,
  type FailureJson,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts";
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
  const seen = new Sighting(dueAtMs);
  try {
    if (transport === "sse") await watchBySse(url, photo, seen);
    else await watchByWebSocket(url, photo, seen);
    return seen.visit();
  } catch (error) {
    return { outcome: "error", faces: 0, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Gathers the moments that count while results arrive. */
class Sighting {
  readonly #dueAtMs: number;
  #job: JobState = emptyJob("");
  #firstBoxMs: number | undefined;
  #firstAttributeMs: number | undefined;
  #allResultsMs: number | undefined;
  #refusal: string | undefined;

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

  refuse(reason: string): void {
    this.#refusal = reason;
  }

  visit(): Visit {
    if (this.#refusal !== undefined) return { outcome: "refused", faces: 0, reason: this.#refusal };
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

async function watchBySse(url: string, photo: Uint8Array<ArrayBuffer>, seen: Sighting): Promise<void> {
  const response = await fetch(new URL("/v1/jobs", url), {
    method: "POST",
    headers: { accept: "text/event-stream" },
    body: photo,
  });
  if (!response.ok || !response.body) return seen.refuse(await failureCode(response));
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (/^event: ?complete$/m.test(block)) return;
      if (data !== undefined) seen.add(JSON.parse(data) as ResultEvent);
    }
  }
  throw new Error("the stream ended before the job was complete");
}

interface LiveMessage {
  type: string;
  event?: ResultEvent;
  failure?: FailureJson;
}

async function watchByWebSocket(url: string, photo: Uint8Array<ArrayBuffer>, seen: Sighting): Promise<void> {
  const response = await fetch(new URL("/v1/jobs", url), { method: "POST", body: photo });
  if (!response.ok) return seen.refuse(await failureCode(response));
  const { jobId } = (await response.json()) as { jobId: string };
  const socket = new WebSocket(new URL("/v1/live", url.replace(/^http/, "ws")));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the socket closed before the job was complete")));
      socket.once("open", () => socket.send(JSON.stringify({ type: "watch", jobId, after: 0 })));
      socket.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString("utf8")) as LiveMessage;
        if (message.type === "result" && message.event) seen.add(message.event);
        if (message.type === "complete") resolve();
        if (message.type === "failure") reject(new Error(message.failure?.code ?? "failure"));
      });
    });
  } finally {
    socket.close();
  }
}

async function failureCode(response: Response): Promise<string> {
  const body = (await response.json().catch(() => ({}))) as { failure?: { code?: string } };
  return body.failure?.code ?? `status ${response.status}`;
}
