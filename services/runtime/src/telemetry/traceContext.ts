import { randomBytes } from "node:crypto";

/** Where a piece of work belongs in a trace: what `traceparent` and `tracestate` carry (W3C Trace Context, level 1). */
export interface TraceContext {
  /** 32 hexadecimal digits, the same for everything that one request set off. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span that what follows names as its parent. */
  readonly spanId: string;
  /** True where spans of this trace are recorded; decided once, where the trace begins. */
  readonly sampled: boolean;
  /** What other vendors add, passed on as it came. */
  readonly state?: string;
}

export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";

/** A later version may have more fields behind the flags; the first version has none. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const STATE = /^[\x20-\x7e]{1,512}$/;

/** Undefined for anything that is no valid `traceparent`; a `tracestate` that is too long is dropped, as the standard allows. */
export function parseTraceparent(
  traceparent: string | undefined,
  tracestate?: string,
): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = FORM.exec(traceparent ?? "") ?? [];
  if (!version || !traceId || !spanId || !flags || version === "ff" || (version === "00" && more))
    return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    ...(tracestate && STATE.test(tracestate) ? { state: tracestate } : {}),
  };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** A trace that begins here and that nobody records: its id still ties log lines together. */
export function newTraceContext(): TraceContext {
  const hex = randomBytes(24).toString("hex");
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32), sampled: false };
}
