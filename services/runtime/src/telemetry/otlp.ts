import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  createTraceState,
  trace,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type IdGenerator,
} from "@opentelemetry/sdk-trace";
import type { TraceContext } from "./traceContext.js";
import {
  spanNotRecorded,
  type PartOptions,
  type Span,
  type SpanAttributes,
  type SpanOptions,
  type Tracing,
  type TracingOptions,
} from "./tracing.js";

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
} as const;

const CLOSE_WITHIN_MS = 2_000;

/**
 * Spans to an OpenTelemetry collector, in batches, beside the work. A collector that is away costs the spans and nothing else.
 * The exporter reads the rest of its usual settings itself (OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT, _COMPRESSION, _CERTIFICATE).
 */
export function openOtlp(options: TracingOptions & { otlpEndpoint: string }): Tracing {
  const { service, version, otlpEndpoint, sampleRatio } = options;
  const ids = new Ids();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.namespace": "similarfaces",
      "service.name": service,
      "service.version": version,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/+$/, "")}/v1/traces` }),
        scheduledDelayMillis: 1_000,
      }),
    ],
    idGenerator: ids,
  });
  const tracer = provider.getTracer("similarfaces", version);
  return {
    start(name, { parent, kind = "internal", startedAtMs, attributes }: SpanOptions = {}) {
      // Most of the work is in no recorded trace: it does not get as far as the library.
      if (parent && !parent.sampled) return spanNotRecorded(parent);
      const span = tracer.startSpan(
        name,
        {
          kind: KINDS[kind],
          ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }),
          ...(attributes ? { attributes } : {}),
        },
        parent ? under(parent) : ROOT_CONTEXT,
      );
      const context = contextOf(span, parent?.state);
      return context.sampled ? new RecordedSpan(tracer, ids, span, context) : spanNotRecorded(context);
    },
    close: async () => {
      // A collector that is away must not keep the process.
      const given = new Promise((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref());
      await Promise.race([provider.shutdown(), given]).catch(() => {});
    },
  };
}

class RecordedSpan implements Span {
  readonly recording = true;
  readonly context: TraceContext;
  readonly #tracer: Tracer;
  readonly #ids: Ids;
  readonly #span: OtelSpan;

  constructor(tracer: Tracer, ids: Ids, span: OtelSpan, context: TraceContext) {
    this.#tracer = tracer;
    this.#ids = ids;
    this.#span = span;
    this.context = context;
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes?: SpanAttributes): void {
    this.#span.addEvent(name, attributes);
  }

  reserve(): TraceContext {
    return { ...this.context, spanId: this.#ids.generateSpanId() };
  }

  part(name: string, fromMs: number, toMs: number, { attributes, as }: PartOptions = {}): void {
    this.#ids.next = as?.spanId;
    const options = { startTime: fromMs, ...(attributes ? { attributes } : {}) };
    this.#tracer.startSpan(name, options, under(this.context)).end(Math.max(fromMs, toMs));
  }

  fail(code: string): void {
    this.#span.setAttribute("error.type", code).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(atMs?: number): void {
    this.#span.end(atMs);
  }
}

/** Random, but for a part whose name was given away before it was over. */
class Ids implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  next: string | undefined;

  generateTraceId(): string {
    return this.#random.generateTraceId();
  }

  generateSpanId(): string {
    const id = this.next ?? this.#random.generateSpanId();
    this.next = undefined;
    return id;
  }
}

function under({ traceId, spanId, sampled, state }: TraceContext): Context {
  const parent: SpanContext = {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

function contextOf(span: OtelSpan, state: string | undefined): TraceContext {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return { traceId, spanId, sampled, ...(state === undefined ? {} : { state }) };
}
