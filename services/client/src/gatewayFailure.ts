import type { Failure, FailureBody } from "@similarfaces/contracts/api";

/** An answer that is no success, an event in a job's stream, or a connection that was refused, cut or came to nothing. */
type Source = "answer" | "event" | "connection";

interface Circumstances extends ErrorOptions {
  retryAfterMs?: number;
}

/**
 * The gateway, or a stage behind it, has refused or failed, or did not answer. Branch on the code, one of contracts/src/failure.ts: an
 * answer that is not the gateway's own format is `internal`, no answer is `unavailable`.
 */
export class GatewayFailure extends Error {
  override readonly name = "GatewayFailure";
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  readonly source: Source;
  /** Of the header Retry-After; undefined without one. */
  readonly retryAfterMs: number | undefined;

  constructor(source: Source, { code, message, retryable }: Failure, circumstances: Circumstances = {}) {
    const { retryAfterMs, ...options } = circumstances;
    super(message, options);
    this.source = source;
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Of an answer that is no success; `body` is its JSON, or its text where it is none. */
export function failureOfAnswer({ status, headers }: Response, body: unknown): GatewayFailure {
  const retryAfterMs = Number(headers.get("retry-after")) * 1_000;
  const circumstances = retryAfterMs > 0 ? { retryAfterMs } : {};
  if (isFailureBody(body)) return new GatewayFailure("answer", body.failure, circumstances);
  // These come from a proxy in between while the gateway is away.
  const retryable = status >= 502 && status <= 504;
  const message = `The gateway answered ${status}.`;
  return new GatewayFailure("answer", { code: "internal", message, retryable }, circumstances);
}

/** Of a connection that was refused, or cut before its end: `fetch` throws a TypeError with the reason as its cause. */
export function isOfConnection(error: unknown): error is TypeError {
  return error instanceof TypeError && error.cause !== undefined;
}

/** Retryable where that does no harm, or where nothing was sent, so that nothing can have been done. */
export function failureOfConnection(url: string, isRepeatable: boolean, cause: TypeError): GatewayFailure {
  const message = `The gateway at ${url} does not answer.`;
  const retryable = isRepeatable || (cause.cause as { code?: string }).code === "ECONNREFUSED";
  return new GatewayFailure("connection", { code: "unavailable", message, retryable }, { cause });
}

function isFailureBody(body: unknown): body is FailureBody {
  return typeof body === "object" && body !== null && "failure" in body;
}
