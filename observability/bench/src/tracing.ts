import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import {
  compare,
  comparisonLine,
  ratioOf,
  type MixPhoto,
  type Ratio,
  type Round,
  type Side,
} from "@similarfaces/load";
import {
  TRACEPARENT,
  TRACING_OFF,
  formatTraceparent,
  newTraceContext,
  openTracing,
  parseTraceparent,
  traceHeaders,
  traceOfHeaders,
  type Tracing,
} from "@similarfaces/runtime";
import { IN_FLIGHT_PER_WORKER } from "./cost.js";
import { startMeshUnderTest, type MeshUnderTest } from "./meshUnderTest.js";
import { analyseUnread } from "./analyseUnread.js";

export interface TracingOptions {
  mix: readonly MixPhoto[];
  rounds: number;
  roundMs: number;
}

const OFF = "off";
const OFF_AGAIN = "off, other meshes (the control)";
const ONE_PERCENT = "1 % recorded";
const ALL = "all recorded";
/** All of them cost a hundred times as much: less time shows it. */
const SHARE_OF_TIME_FOR_ALL = 1 / 2;

/** Shares: throughput and CPU time per photo beside those of a base. */
export interface TracingCost {
  throughput: Ratio;
  cpuPerPhoto: Ratio;
}

export interface TracingReport {
  /** CPU microseconds. */
  perDelivery: { notRecorded: number; recorded: number };
  /** Meshes that record nothing beside others that do not: what the machine's noise makes of nothing. */
  control: TracingCost;
  onePercent: TracingCost;
  /** Beside the same meshes at 1 %. */
  all: TracingCost;
}

/**
 * What traces cost: first by the work alone, which no noise of the machine can hide; then by meshes at full load, which take
 * turns. Six of them stand, two of a kind, because two that are started alike differ by more than what is looked for. Four
 * record nothing: as far as two of these differ from the other two, nothing is known of the rest. Prints as it goes.
 */
export async function benchTracing({ mix, rounds, roundMs }: TracingOptions): Promise<TracingReport> {
  const collector = await startSink();
  const meshes: { kind: string; mesh: MeshUnderTest }[] = [];
  try {
    const perDelivery = await benchWork(collector);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: "0.01" };
    for (const kind of [OFF, OFF_AGAIN, ONE_PERCENT, ONE_PERCENT, OFF_AGAIN, OFF])
      meshes.push({ kind, mesh: await startMeshUnderTest(kind === ONE_PERCENT ? env : {}) });
    const run = { mix, roundMs, inFlight: IN_FLIGHT_PER_WORKER * availableParallelism() };
    const sides = meshes.map(({ kind, mesh }) => sideOf(kind, mesh));
    const apart = await compare({ ...run, sides, rounds });
    const interval = rounds < 6 ? "range over the rounds" : "95 % interval";
    console.log(`${rounds} rounds at full load; ratio (${interval}):`);
    console.log(comparisonLine(apart, [OFF], OFF_AGAIN));
    console.log(comparisonLine(apart, [OFF, OFF_AGAIN], ONE_PERCENT));
    const traced = meshes.filter(({ kind }) => kind === ONE_PERCENT);
    const within = await compare({
      ...run,
      sides: [ONE_PERCENT, ALL].flatMap((name) => traced.map(({ mesh }) => sideOf(name, mesh))),
      rounds,
      roundMs: roundMs * SHARE_OF_TIME_FOR_ALL,
    });
    console.log(`${comparisonLine(within, [ONE_PERCENT], ALL)} of those of the same meshes at 1 %`);
    return {
      perDelivery,
      control: costOf(apart, [OFF], OFF_AGAIN),
      onePercent: costOf(apart, [OFF, OFF_AGAIN], ONE_PERCENT),
      all: costOf(within, [ONE_PERCENT], ALL),
    };
  } finally {
    await Promise.all(meshes.map(({ mesh }) => mesh.stop()));
    collector.close();
  }
}

function costOf(rounds: readonly Round[], base: readonly string[], other: string): TracingCost {
  return {
    throughput: ratioOf(rounds, base, other, "perSecond"),
    cpuPerPhoto: ratioOf(rounds, base, other, "cpuMsPerPhoto"),
  };
}

/** A sampled trace context has the mesh record the trace; without one the mesh draws by its ratio. */
function sideOf(name: string, { url, cpuSeconds }: MeshUnderTest): Side {
  const asked = () => ({ [TRACEPARENT]: formatTraceparent({ ...newTraceContext(), sampled: true }) });
  const headers = () => (name === ALL ? asked() : {});
  return { name, cpuSeconds, analyse: ({ bytes }) => analyseUnread(url, bytes, headers()) };
}

async function benchWork(collector: Sink): Promise<TracingReport["perDelivery"]> {
  const service = { service: "bench", version: "0" };
  const recording = await openTracing({ ...service, otlpEndpoint: collector.url, sampleRatio: 1 });
  const notRecorded = await microsecondsPerDelivery(TRACING_OFF, false);
  const recorded = await microsecondsPerDelivery(recording, true, () => collector.next());
  await recording.close();
  console.log(`not recorded: ${notRecorded.toFixed(1)} microseconds per delivery`);
  console.log(
    `recorded: ${recorded.toFixed(1)} microseconds per delivery with its parts, sent and received; ` +
      `of one in a hundred ${(recorded / 100).toFixed(2)}`,
  );
  return { notRecorded, recorded };
}

/** Seven spans each: together as many as the exporter sends at once (512), fewer than it keeps. */
const TURNS_TOGETHER = 74;
const TIMES = 200;

/**
 * CPU time of all that one delivery does for its trace: headers written and read, a span, its parts, a run of a graph; and the
 * way of these to a collector, which `sent` waits for: the exporter drops what comes faster than it sends.
 */
async function microsecondsPerDelivery(
  tracing: Tracing,
  sampled: boolean,
  sent?: () => Promise<void>,
): Promise<number> {
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
  const turns = async () => {
    for (let time = 0; time < TIMES; time++) {
      const arrival = sent?.();
      for (let i = 0; i < TURNS_TOGETHER; i++) turn();
      await arrival;
    }
  };
  await turns();
  const before = process.cpuUsage();
  await turns();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (TIMES * TURNS_TOGETHER);
}

interface Sink {
  readonly url: string;
  /** Resolves when the next batch has arrived. */
  next(): Promise<void>;
  close(): void;
}

/** A collector that takes everything and keeps nothing. */
async function startSink(): Promise<Sink> {
  const arrivals = new EventEmitter();
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.writeHead(200).end();
      arrivals.emit("batch");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async next() {
      await once(arrivals, "batch");
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
