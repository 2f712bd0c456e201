import type {
  AcceptedJob,
  Completion,
  DeletionReceipt,
  Job,
  JobFailure,
  LiveMessage,
  Photo,
  ResultEvent,
  operations,
} from "@similarfaces/contracts/api";
import type { Api, Connection } from "./connection.js";
import { readEvents, type StreamEvent } from "./eventStream.js";
import { GatewayFailure } from "./gatewayFailure.js";
import { Patience } from "./patience.js";

/** Stages, faces, matches and the least score of a face: those of the API. */
export type JobQuery = NonNullable<operations["createJob"]["parameters"]["query"]>;

/** One result, or that no more will come, in the form of the WebSocket's messages. */
export type JobMessage = Extract<LiveMessage, { type: "result" | "complete" }>;

/** Photos and what is found in them. */
export class Jobs {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @returns once it is accepted. @throws GatewayFailure */
  async send(photo: Photo, query: JobQuery = {}): Promise<AcceptedJob> {
    const data = await this.#connection.change((api) => post(api, photo, query, {}));
    // 202, because nothing is waited for.
    return data as AcceptedJob;
  }

  /** The job when it is complete. @throws GatewayFailure deadline_exceeded where it is not after so many seconds, at most 60 */
  async sendAndWait(photo: Photo, seconds: number, query: JobQuery = {}): Promise<Job> {
    const { data, response } = await this.#connection.changed((api) =>
      post(api, photo, query, { prefer: `wait=${seconds}` }),
    );
    if (response.status === 200) return data as Job;
    const message = `The job was not complete after ${seconds} seconds.`;
    throw new GatewayFailure("answer", { code: "deadline_exceeded", message, retryable: true });
  }

  /** Sends a photo and yields its results as they come, each once; `complete` is the last. @throws GatewayFailure */
  async *analyse(photo: Photo, query: JobQuery = {}): AsyncGenerator<JobMessage> {
    const accept = "text/event-stream";
    const { data, response } = await this.#connection.changed((api) =>
      post(api, photo, query, { accept }, "stream"),
    );
    const jobId = response.headers.get("location")?.split("/").at(-1) ?? "";
    yield* this.#follow(jobId, data as ReadableStream<Uint8Array>);
  }

  /**
   * A job's results from the first one, each once, over as many connections as it takes: after a cut it goes on behind the last
   * result seen. `complete` is the last.
   * @throws GatewayFailure job_not_found, job_expired, job_deleted, or unavailable where the gateway stayed away
   */
  follow(jobId: string): AsyncGenerator<JobMessage> {
    return this.#follow(jobId, undefined);
  }

  get(jobId: string): Promise<Job> {
    return this.#connection.read((api) => api.GET("/v1/jobs/{jobId}", { params: { path: { jobId } } }));
  }

  /** Deletes everything of the job, now. */
  delete(jobId: string): Promise<DeletionReceipt> {
    const params = { path: { jobId } };
    return this.#connection.change((api) => api.DELETE("/v1/jobs/{jobId}", { params }));
  }

  /** A JPEG of the job: the photo upright, or its faces one below the other. */
  picture(jobId: string, name: "photo.jpg" | "faces.jpg"): Promise<ArrayBuffer> {
    const params = { path: { jobId } };
    return this.#connection.read((api) =>
      api.GET(`/v1/jobs/{jobId}/${name}`, { params, parseAs: "arrayBuffer" }),
    );
  }

  async *#follow(jobId: string, first: ReadableStream<Uint8Array> | undefined): AsyncGenerator<JobMessage> {
    const { patienceMs, signal } = this.#connection;
    const patience = new Patience(patienceMs, signal);
    let body = first;
    let after = 0;
    /** Results of a stored message that has not come whole: after a cut they come again. */
    const partial = new Set<string>();
    for (;;) {
      try {
        body ??= await this.#open(jobId, after);
        for await (const event of readEvents(body, () => patience.renew())) {
          const message = messageOf(event, after);
          patience.renew();
          if (message.type === "result") {
            after = message.sequence;
            const field = `${message.event.stage}.${message.event.face}`;
            const isRepeated = partial.has(field);
            // Only the last of a stored message has an id.
            if (event.id === undefined) partial.add(field);
            else partial.clear();
            if (isRepeated) continue;
          }
          yield message;
          if (message.type === "complete") return;
        }
        const message = "The stream ended before the job was complete.";
        throw new GatewayFailure("connection", { code: "unavailable", message, retryable: true });
      } catch (error) {
        await patience.wait(this.#connection.failureOf(error, true));
      }
      body = undefined;
    }
  }

  async #open(jobId: string, after: number): Promise<ReadableStream<Uint8Array>> {
    const params = { path: { jobId }, query: { after } };
    const ask = (api: Api) => api.GET("/v1/jobs/{jobId}/events", { params, parseAs: "stream" });
    return (await this.#connection.once(ask, true)).data as ReadableStream<Uint8Array>;
  }
}

function post(
  api: Api,
  body: Photo,
  query: JobQuery,
  headers: Record<string, string>,
  parseAs: "json" | "stream" = "json",
) {
  return api.POST("/v1/jobs", {
    params: { query },
    headers: { "content-type": "application/octet-stream", ...headers },
    body,
    bodySerializer: (photo) => photo,
    parseAs,
  });
}

/** @param after the sequence to go on after where the event has none. @throws GatewayFailure for the event `failure` */
function messageOf({ event, data, id }: StreamEvent, after: number): JobMessage {
  if (event === "failure") throw new GatewayFailure("event", (JSON.parse(data) as JobFailure).failure);
  if (event === "complete") return { type: "complete", ...(JSON.parse(data) as Completion) };
  const result = JSON.parse(data) as ResultEvent;
  return { type: "result", jobId: result.jobId, sequence: Number(id ?? after), event: result };
}
