import { TRACING_OFF, type Tracing, type TracingOptions } from "./tracing.js";

/** OpenTelemetry is loaded only where it is wanted: it costs 60 ms of a start and 15 MB. */
export async function openTracing({ otlpEndpoint, ...options }: TracingOptions): Promise<Tracing> {
  if (otlpEndpoint === undefined) return TRACING_OFF;
  const { openOtlp } = await import("./otlp.js");
  return openOtlp({ otlpEndpoint, ...options });
}
