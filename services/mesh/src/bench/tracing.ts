import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { compare, comparisonLine, type MixPhoto } from "@similarfaces/load";
import {
  TRACING_OFF,
  formatTraceparent,
  newTraceContext,
  openTracing,
  parseTraceparent,
  traceHeaders,
  traceOfHeaders,
  type Tracing,
} from "@similarfaces/runtime";
import { startMeshUnderTest, type MeshUnderTest } from "./meshUnderTest.js";
import { scrape, valueOf } from "./scrape.js";

export interface TracingOptions {
  mix: readonly MixPhoto[];
  rounds: number;
  roundMs: number;
}

/**
 * What traces cost: not recorded, one in a hundred, and all of them; first by the work alone, which no noise of the machine
 * can hide, then by the throughput of a mesh with them against one without. Prints as it goes.
 */
export async function benchTracing({ mix, rounds, roundMs }: TracingOptions): Promise<void> {
  const collector = await startSink();
  const recording = await openTracing({
    service: "bench",
    version: "0",
    otlpEndpoint: collector.url,
    sampleRatio: 1,
  });
  console.log(
    `not recorded: ${microsecondsPerDelivery(TRACING_OFF, false).toFixed(1)} microseconds per delivery`,
  );
  const recorded = microsecondsPerDelivery(recording, true);
  console.log(
    `recorded: ${recorded.toFixed(1)} microseconds per delivery with its parts; of one in a hundred ${(recorded / 100).toFixed(2)}`,
  );
  await recording.close();
  const off = await startMeshUnderTest();
  try {
    for (const ratio of ["0.01", "1"]) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: ratio };
      const traced = await startMeshUnderTest(env);
      try {
        const sides = { base: compared(off), other: compared(traced) };
        const comparison = await compare({ ...sides, mix, rounds, durationMs: roundMs });
        console.log(comparisonLine(`${Number(ratio) * 100} % of the traces recorded`, comparison));
      } finally {
        await traced.stop();
      }
    }
  } finally {
    await off.stop();
    collector.close();
  }
}

function compared({ url }: MeshUnderTest) {
  return { url, cpuSeconds: async () => valueOf(await scrape(url), "process_cpu_seconds_total") };
}

const TURNS = 20_000;

/** CPU time of all that one delivery does for its trace: headers written and read, a span, its parts, a run of a graph. */
function microsecondsPerDelivery(tracing: Tracing, sampled: boolean): number {
  const trace = { ...newTraceContext(), sampled };
  const turn = () => {
    const nowMs = Date.now();
    const parent = traceOfHeaders(traceHeaders(trace));
    const span = tracing.start("bench", {
      parent,
      startedAtMs: nowMs,
      attributes: { "similarfaces.stage": "bench" },
    });
    const computing = span.reserve();
    const traceparent = formatTraceparent(computing);
    if (span.recording) {
      const run = tracing.start("inference", { parent: parseTraceparent(traceparent), startedAtMs: nowMs });
      run.part("prepare", nowMs, nowMs);
      run.part("run", nowMs, nowMs);
      run.end(nowMs);
      span.part("wait", nowMs, nowMs);
      span.part("compute", nowMs, nowMs, { as: computing });
      span.part("publish", nowMs, nowMs);
    }
    span.end();
  };
  for (let i = 0; i < TURNS; i++) turn();
  const before = process.cpuUsage();
  for (let i = 0; i < TURNS; i++) turn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / TURNS;
}

/** A collector that takes everything and keeps nothing. */
async function startSink(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
