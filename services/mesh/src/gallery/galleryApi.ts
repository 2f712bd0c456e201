import { StageFailure, type FailureJson, type ResultEvent } from "@similarfaces/contracts";
import { StreamLost, followEvents } from "../followEvents.js";

export interface IdentityView {
  id: string;
  name: string;
  /** This and `source` only with the right key. */
  consent?: string;
  createdAtMs: number;
  faces: { id: string; source?: string; createdAtMs: number }[];
}

export interface Receipt {
  identities: number;
  faces: number;
  thumbnails: number;
}

export interface Statistics {
  identities: number;
  faces: number;
  driver: string;
  model: string;
}

/** The gateway, or the gallery behind it, has said no. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: string;
  readonly retryable: boolean;

  constructor({ code, message, retryable }: FailureJson, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = retryable;
  }
}

/** What became of each photo of an enrolment: a job, or a failure. */
interface EnrolmentOutcomes {
  identityId: string;
  photos: { name: string; job?: { jobId: string }; failure?: FailureJson }[];
}

/** What a check of the gallery's says of a text, before it is sent; undefined where it says nothing. */
export function refusalOf(check: () => string): Refusal | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof StageFailure) return new Refusal(error);
    throw error;
  }
}

export interface NewPhoto {
  bytes: Uint8Array;
  fileName: string;
  source: string;
  consent: string;
  /** Of somebody new, or the id of an identity. */
  as: { name: string } | { identityId: string };
}

/** How long the gateway may be away or busy before that is the answer. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;
const LIST_PAGE = 200;

/** The gallery over the gateway's public API. Whatever is refused throws Refusal. */
export class GalleryApi {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, apiKey: string | undefined) {
    this.#url = url;
    this.#headers = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  }

  async *identities(nameContains = ""): AsyncGenerator<IdentityView> {
    let pageToken = "";
    do {
      const query = new URLSearchParams({ name: nameContains, pageSize: String(LIST_PAGE), pageToken });
      const page = await this.#json<{ identities: IdentityView[]; nextPageToken: string }>(
        "GET",
        `/v1/gallery/identities?${query}`,
      );
      yield* page.identities;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  identity(id: string): Promise<IdentityView> {
    return this.#json("GET", identityPath(id));
  }

  rename(id: string, name: string): Promise<IdentityView> {
    return this.#json("PATCH", identityPath(id), JSON.stringify({ name }));
  }

  merge(from: string, into: string): Promise<IdentityView> {
    return this.#json("POST", `${identityPath(from)}/merge`, JSON.stringify({ into }));
  }

  deleteIdentity(id: string): Promise<Receipt> {
    return this.#json("DELETE", identityPath(id));
  }

  deleteFace(id: string): Promise<Receipt> {
    return this.#json("DELETE", `/v1/gallery/faces/${encodeURIComponent(id)}`);
  }

  statistics(): Promise<Statistics> {
    return this.#json("GET", "/v1/gallery/statistics");
  }

  /** NDJSON, as it comes. */
  async export(): Promise<ReadableStream<Uint8Array>> {
    return (await this.#request("GET", "/v1/gallery/export")).body!;
  }

  /** Lines of an export, at most 20 MiB of them. */
  import(lines: string): Promise<Receipt> {
    return this.#json("POST", "/v1/gallery/import", lines);
  }

  /** @returns once the photo is accepted; `enrolled` says what has become of it */
  async enrol({
    bytes,
    fileName,
    source,
    consent,
    as,
  }: NewPhoto): Promise<{ identityId: string; jobId: string }> {
    const form = new FormData();
    if ("name" in as) form.set("name", as.name);
    form.set("consent", consent);
    form.set("source", source);
    form.set("photo", new Blob([Uint8Array.from(bytes)]), fileName);
    const path = "name" in as ? "/v1/gallery/identities" : `${identityPath(as.identityId)}/faces`;
    const { identityId, photos } = await this.#json<EnrolmentOutcomes>("POST", path, form);
    const [photo] = photos;
    if (photo?.failure) throw new Refusal(photo.failure);
    return { identityId, jobId: photo!.job!.jobId };
  }

  /** Waits for the end of an enrolment. @returns the face's id, which is another's where the gallery had that face */
  async enrolled(jobId: string): Promise<string> {
    const address = new URL(`/v1/jobs/${jobId}/events`, this.#url);
    try {
      for await (const { event, data } of followEvents(address, { headers: this.#headers })) {
        if (event === "complete") break;
        const result = JSON.parse(data) as ResultEvent & { failure?: FailureJson };
        if (result.failure) throw new Refusal(result.failure);
        if (result.stage === "enrol")
          return (result as unknown as { enrol: { faceId: string } }).enrol.faceId;
      }
    } catch (cause) {
      if (!(cause instanceof StreamLost)) throw cause;
      throw new Refusal({ code: "unavailable", message: cause.message, retryable: true }, { cause });
    }
    const message = "The job's time was over before the face was in the gallery.";
    throw new Refusal({ code: "deadline_exceeded", message, retryable: true });
  }

  async #json<T>(method: string, path: string, body?: string | FormData): Promise<T> {
    return (await (await this.#request(method, path, body)).json()) as T;
  }

  /** Waits while the gateway is busy or restarting. */
  async #request(method: string, path: string, body?: string | FormData): Promise<Response> {
    const deadlineAtMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const init = { method, headers: this.#headers, ...(body === undefined ? {} : { body }) };
      let pauseMs = PAUSE_MS;
      let refusal: Refusal;
      try {
        const response = await fetch(new URL(path, this.#url), init);
        if (response.ok) return response;
        refusal = await readRefusal(response);
        pauseMs = Number(response.headers.get("retry-after")) * 1_000 || PAUSE_MS;
      } catch (cause) {
        // What was cut off in the middle may have been done: it is not for us to do it again.
        const again = method === "GET" || isRefusedConnection(cause);
        refusal = unanswered("unavailable", `The gateway at ${this.#url} does not answer.`, again, cause);
      }
      if (!refusal.retryable || Date.now() > deadlineAtMs) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function isRefusedConnection(error: unknown): boolean {
  return (
    error instanceof TypeError && (error.cause as { code?: string } | undefined)?.code === "ECONNREFUSED"
  );
}

function identityPath(id: string): string {
  return `/v1/gallery/identities/${encodeURIComponent(id)}`;
}

async function readRefusal(response: Response): Promise<Refusal> {
  const { failure } = (await response.json().catch(() => ({}))) as { failure?: FailureJson };
  return failure
    ? new Refusal(failure)
    : unanswered("internal", `The gateway answered ${response.status}.`, response.status >= 502);
}

function unanswered(code: string, message: string, retryable: boolean, cause?: unknown): Refusal {
  return new Refusal({ code, message, retryable }, { cause });
}
