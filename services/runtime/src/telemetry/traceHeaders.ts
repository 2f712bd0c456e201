import { headers, type MsgHdrs } from "nats";
import {
  TRACEPARENT,
  TRACESTATE,
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
} from "./traceContext.js";

/** A trace as the headers of a message. */
export function traceHeaders(trace: TraceContext): MsgHdrs {
  const fields = headers();
  fields.set(TRACEPARENT, formatTraceparent(trace));
  if (trace.state) fields.set(TRACESTATE, trace.state);
  return fields;
}

/** The trace that a message belongs to; undefined without a valid `traceparent`. */
export function traceOfHeaders(fields: MsgHdrs | undefined): TraceContext | undefined {
  return fields && parseTraceparent(fields.get(TRACEPARENT), fields.get(TRACESTATE));
}
