import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type Metric,
  type OpenMetricsContentType,
} from "prom-client";

/** Who emits: observability/metrics.yaml names one per metric. `process` is emitted by everybody. */
export type Emitter = "stage" | "inference" | "match" | "gateway";

export interface MetricsOptions {
  service: string;
  version: string;
  emitters: readonly Emitter[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** 1 ms to 30 s. */
const LATENCY_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5,
  10, 15, 20, 30,
];
const FACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 64];
const BATCH = [1, 2, 4, 8, 16, 32];

const PROCESS_METRICS = [
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
  "process_cpu_seconds_total",
  "process_start_time_seconds",
  "process_resident_memory_bytes",
  "process_open_fds",
  "process_max_fds",
];

/**
 * The instruments of observability/metrics.yaml. All can be fed; only those of the given emitters are scraped, so
 * that no service shows series that it never moves.
 */
export function createMetrics({ service, version, emitters }: MetricsOptions) {
  const registry = new Registry<OpenMetricsContentType>();
  const groups = { registry, emitters };
  const metrics = {
    registry,
    ...stageMetrics(groups),
    ...inferenceMetrics(groups),
    ...galleryMetrics(groups),
    ...gatewayMetrics(groups),
    ...processMetrics(registry, service, version),
  };
  return metrics;
}

interface Groups {
  registry: Registry<OpenMetricsContentType>;
  emitters: readonly Emitter[];
}

function instruments({ registry, emitters }: Groups, emitter: Emitter) {
  const registers = emitters.includes(emitter) ? [registry] : [];
  const named = (name: string) => ({ name: `similarfaces_${name}`, registers });
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter<L>({ ...named(name), help, labelNames: [...labelNames] }),
    gauge: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      collect?: (gauge: Gauge<L>) => void,
    ) =>
      new Gauge<L>({
        ...named(name),
        help,
        labelNames: [...labelNames],
        ...(collect
          ? {
              collect() {
                collect(this);
              },
            }
          : {}),
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[] = [],
      buckets: readonly number[] = LATENCY_SECONDS,
    ) => new Histogram<L>({ ...named(name), help, labelNames: [...labelNames], buckets: [...buckets] }),
  };
}

function stageMetrics(groups: Groups) {
  const { counter, gauge, histogram } = instruments(groups, "stage");
  return {
    stageMessages: counter("stage_messages_total", "Deliveries ended, by outcome.", ["stage", "outcome"]),
    stageRedeliveries: counter("stage_redeliveries_total", "Deliveries that were not the first.", ["stage"]),
    stageWait: histogram("stage_wait_seconds", "From stored work to a worker beginning on it.", ["stage"]),
    stageFetch: histogram("stage_fetch_seconds", "From stored work to this process holding it.", ["stage"]),
    stageCompute: histogram("stage_compute_seconds", "From a worker beginning to the answer.", ["stage"]),
    stagePublish: histogram("stage_publish_seconds", "From the answer to all of it stored.", ["stage"]),
    stageTotal: histogram("stage_total_seconds", "From stored work to stored answer.", ["stage"]),
    stageInFlight: gauge("stage_in_flight", "Messages held and not yet ended.", ["stage"]),
  };
}

function inferenceMetrics(groups: Groups) {
  const { gauge, histogram } = instruments(groups, "inference");
  /** Asked at every scrape, once models are open. */
  const inferenceLoad: { current?: () => { workers: number; busy: number; waiting: number } } = {};
  return {
    inferenceLoad,
    inferenceDuration: histogram("inference_duration_seconds", "One run of one graph.", ["model"]),
    inferenceBatchSize: histogram("inference_batch_size", "Pictures in one run.", ["model"], BATCH),
    inferenceWorkers: gauge("inference_workers", "Workers, busy or idle.", ["state"], (workers) => {
      const load = inferenceLoad.current?.();
      if (!load) return;
      workers.set({ state: "busy" }, load.busy);
      workers.set({ state: "idle" }, load.workers - load.busy);
    }),
    inferenceWaiting: gauge("inference_waiting", "Requests for which no worker is free.", [], (waiting) =>
      waiting.set(inferenceLoad.current?.().waiting ?? 0),
    ),
    modelLoad: gauge("model_load_seconds", "From reading the model's file to its first run.", ["model"]),
  };
}

function galleryMetrics(groups: Groups) {
  const { gauge, histogram } = instruments(groups, "match");
  return {
    galleryOperation: histogram("gallery_operation_seconds", "One operation on the gallery.", [
      "driver",
      "operation",
      "outcome",
    ]),
    galleryFaces: gauge("gallery_faces", "Faces that a search goes through.", ["driver"]),
  };
}

function gatewayMetrics(groups: Groups) {
  const { counter, gauge, histogram } = instruments(groups, "gateway");
  return {
    jobs: counter("jobs_total", "Jobs ended, by outcome.", ["outcome"]),
    jobFirstBox: histogram("job_first_box_seconds", "From acceptance to the boxes."),
    jobFirstAttribute: histogram(
      "job_first_attribute_seconds",
      "From acceptance to the first answer on a face.",
    ),
    jobAllResults: histogram("job_all_results_seconds", "From acceptance to the last answer."),
    jobFaces: histogram("job_faces", "Faces analysed per job.", [], FACES),
    httpRequests: counter("http_requests_total", "Answers, by route.", ["route", "method", "status"]),
    httpDuration: histogram("http_duration_seconds", "From a request's head to its answer's end.", [
      "route",
      "method",
    ]),
    uploadBytes: counter("upload_bytes_total", "Bytes of photos accepted."),
    sockets: gauge("sockets", "Viewers connected.", ["kind"]),
    relayEvents: counter("relay_events_total", "Results sent to viewers.", ["kind"]),
    relayBytes: counter("relay_bytes_total", "Bytes of results sent to viewers.", ["kind"]),
    relayDrops: counter("relay_drops_total", "Results not sent at once to a slow viewer.", ["kind"]),
    relayReplays: counter("relay_replays_total", "Replays of a job from the result stream.", ["reason"]),
    relayWatchedJobs: gauge("relay_watched_jobs", "Jobs that somebody watches."),
    admissionRefused: counter("admission_refused_total", "Uploads answered 503."),
    streamFill: gauge("stream_fill_ratio", "Bytes in a stream over its limit.", ["stream"]),
    consumerPending: gauge("consumer_pending", "Work stored and not yet delivered.", ["stage"]),
    consumerAckPending: gauge("consumer_ack_pending", "Work delivered and not yet acknowledged.", ["stage"]),
    consumerOldest: gauge("consumer_oldest_seconds", "Age of the oldest work waiting.", ["stage"]),
  };
}

function processMetrics(registry: Registry<OpenMetricsContentType>, service: string, version: string) {
  const all = new Registry();
  collectDefaultMetrics({ register: all });
  for (const name of PROCESS_METRICS) {
    const metric = all.getSingleMetric(name);
    if (metric) registry.registerMetric(metric as Metric);
  }
  const registers = [registry];
  new Gauge({
    name: "similarfaces_build_info",
    help: "What runs.",
    labelNames: ["version", "service", "node"],
    registers,
  }).set({ version, service, node: process.version }, 1);
  eventLoopDelay(registry);
  return {
    blobOperation: new Histogram<"driver" | "operation" | "outcome">({
      name: "similarfaces_blob_operation_seconds",
      help: "One operation on the blob store.",
      labelNames: ["driver", "operation", "outcome"],
      buckets: LATENCY_SECONDS,
      registers,
    }),
    brokerReconnects: new Counter({
      name: "similarfaces_broker_reconnects_total",
      help: "Times the connection to the broker came back.",
      registers,
    }),
  };
}

const RESOLUTION_MS = 5;

/** p50, p99 and max of how late the event loop was, since the last scrape. */
function eventLoopDelay(registry: Registry<OpenMetricsContentType>): void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram holds the whole time between two timers, of which the timer itself asked for RESOLUTION_MS.
  const lateSeconds = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3);
  new Gauge<"quantile">({
    name: "similarfaces_event_loop_delay_seconds",
    help: "How long the event loop was blocked.",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      this.set({ quantile: "p50" }, lateSeconds(histogram.percentile(50)));
      this.set({ quantile: "p99" }, lateSeconds(histogram.percentile(99)));
      this.set({ quantile: "max" }, lateSeconds(histogram.max));
      histogram.reset();
    },
  });
}
