import { setTimeout as pause } from "node:timers/promises";
import { errors, type estypes } from "@elastic/elasticsearch";
import { StageFailure } from "@similarfaces/contracts";

export interface Requests {
  /**
   * Sends a request, again after a pause while the server is busy (429), restarting (502 to 504) or cut off, for a
   * few seconds in all. A write may so be sent twice: each is made to bear that.
   * @throws StageFailure gallery_unavailable, gallery_full, wrong_product
   */
  <T>(send: () => Promise<T>): Promise<T>;
}

const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 2_000;

export interface RequestsOptions {
  /** How long one request is tried for. */
  patienceMs: number;
  /** The index, or its alias, is not there. */
  indexMissing(): Promise<void>;
  /** After each request: whether the server could answer. */
  answered(available: boolean): void;
}

export function createRequests(options: RequestsOptions): Requests {
  return async (send) => {
    const untilMs = Date.now() + options.patienceMs;
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await send();
        options.answered(true);
        return answer;
      } catch (error) {
        // Full jitter, so that replicas do not come back together.
        const pauseMs = Math.random() * Math.min(PAUSE_FIRST_MS * 2 ** attempt, PAUSE_MAX_MS);
        if (isPassing(error) && Date.now() + pauseMs < untilMs) {
          await pause(pauseMs);
          continue;
        }
        if (isMissingIndex(error)) await options.indexMissing();
        const failure = failureOf(error);
        if (failure instanceof StageFailure) options.answered(failure.code === "gallery_full");
        throw failure;
      }
    }
  };
}

/** An error inside an answer of _bulk, _mget or _msearch, as if it had been the answer. */
export class ItemError extends Error {
  override readonly name = "ItemError";
  readonly status: number;
  readonly type: string;

  constructor(status: number, cause: estypes.ErrorCause | string | undefined) {
    const { type = "unknown", reason = "" } = typeof cause === "object" ? cause : { type: cause };
    super(`${type}: ${reason}`);
    this.status = status;
    this.type = type;
  }
}

/** Undefined for what never was an answer. */
function answerOf(error: unknown): { status: number; type: string; text: string } | undefined {
  if (error instanceof ItemError) return { status: error.status, type: error.type, text: error.message };
  if (!(error instanceof errors.ResponseError)) return undefined;
  const body = error.body as { error?: { type?: string } | string } | undefined;
  const type = typeof body?.error === "object" ? (body.error.type ?? "") : "";
  return { status: error.statusCode ?? 0, type, text: error.message };
}

/** Whether waiting helps. A block of the index is a 429 too (flood stage), but lasts until an operator lifts it. */
export function isPassing(error: unknown): boolean {
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError)
    return true;
  if (error instanceof errors.TimeoutError) return true;
  const answer = answerOf(error);
  if (!answer || answer.type === "cluster_block_exception") return false;
  return [429, 502, 503, 504].includes(answer.status);
}

export function isConflict(error: unknown): boolean {
  return answerOf(error)?.status === 409;
}

export function isMissingIndex(error: unknown): boolean {
  return answerOf(error)?.type === "index_not_found_exception";
}

/** The failure that callers get; an error that is a mistake of this program stays as it is. */
function failureOf(error: unknown): unknown {
  if (error instanceof StageFailure) return error;
  const unavailable = (why: string) =>
    new StageFailure("gallery_unavailable", `the gallery's Elasticsearch ${why}`, { cause: error });
  if (error instanceof errors.ProductNotSupportedError) {
    return new StageFailure("wrong_product", undefined, { cause: error });
  }
  if (error instanceof errors.DeserializationError) return unavailable("gave an answer that cannot be read");
  const answer = answerOf(error);
  if (!answer) return isPassing(error) ? unavailable("did not answer") : error;
  if (answer.type === "cluster_block_exception") {
    return answer.text.includes("read-only-allow-delete")
      ? new StageFailure("gallery_full", "the gallery's Elasticsearch has no disk space left", {
          cause: error,
        })
      : unavailable("takes no writes now: the index is being rebuilt");
  }
  if (isMissingIndex(error)) return unavailable("has lost the gallery's index");
  if (answer.status === 401 || answer.status === 403)
    return unavailable("refuses our API key, or it lacks a right");
  return isPassing(error) ? unavailable(`is too busy or restarting (${answer.status})`) : error;
}
