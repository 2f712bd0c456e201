import { newTraceContext, type TraceContext } from "./traceContext.js";

/** Never pixels, landmarks, embeddings or names of people. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Without one, a trace begins here, and it is decided whether it is recorded. */
  parent?: TraceContext | undefined;
  /** Who asks whom, in OpenTelemetry's words. */
  kind?: "internal" | "server" | "client" | "consumer";
  /** Milliseconds since the epoch; now unless given. */
  startedAtMs?: number;
  attributes?: SpanAttributes;
}

export interface Span {
  /** What follows names this span as its parent. */
  readonly context: TraceContext;
  /** False where nothing is recorded: then all below do nothing, and attributes need not be gathered. */
  readonly recording: boolean;
  set(attributes: SpanAttributes): void;
  event(name: string, attributes?: SpanAttributes): void;
  /** A part of this span that is over, from and to in milliseconds since the epoch. */
  part(name: string, fromMs: number, toMs: number, options?: PartOptions): void;
  /** The name that a part will have as a parent before it is over: for `PartOptions.as`. */
  reserve(): TraceContext;
  /** Marks it as failed, with a code of contracts/src/failure.ts. */
  fail(code: string): void;
  end(atMs?: number): void;
}

export interface PartOptions {
  attributes?: SpanAttributes;
  as?: TraceContext;
}

export interface Tracing {
  start(name: string, options?: SpanOptions): Span;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface TracingOptions {
  service: string;
  version: string;
  /** Where an OpenTelemetry collector takes OTLP over HTTP, without `/v1/traces`; undefined records nothing. */
  otlpEndpoint: string | undefined;
  /** Share of the traces that begin here and are recorded, 0 to 1; others follow who began them. */
  sampleRatio: number;
}

/** Records nothing and passes on what it was given, so that log lines have their trace id. */
export const TRACING_OFF: Tracing = {
  start: (_name, options) => spanNotRecorded(options?.parent ?? newTraceContext()),
  close: () => Promise.resolve(),
};

export function spanNotRecorded(context: TraceContext): Span {
  return new SpanNotRecorded(context);
}

class SpanNotRecorded implements Span {
  readonly recording = false;
  readonly context: TraceContext;

  constructor(context: TraceContext) {
    this.context = context;
  }

  set(): void {}
  event(): void {}
  part(): void {}
  fail(): void {}
  end(): void {}
  reserve(): TraceContext {
    return this.context;
  }
}
