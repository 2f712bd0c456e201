import { monitorEventLoopDelay } from "node:perf_hooks";
import { Registry, collectDefaultMetrics, type Metric } from "prom-client";
import { Exposition } from "./exposition.js";
import { instruments, type Emitter, type Groups } from "./instruments.js";

export type { Emitter };

export interface MetricsOptions {
  service: string;
  version: string;
  emitters: readonly Emitter[];
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The load of an inference pool. */
export interface InferenceLoad {
  workers: number;
  busy: number;
  waiting: number;
}

const FACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 64];
const BATCH = [1, 2, 4, 8, 16, 32];

/** The name in results, and the variant that runs, float32 or int8. */
const MODEL = ["model", "precision"] as const;

const JOB_OUTCOMES = ["complete", "failed", "expired", "deleted", "handed_over"].map((outcome) => ({
  outcome,
}));
const VIEWERS = ["websocket", "sse"].map((kind) => ({ kind }));
const KEY_REFUSALS = ["wrong", "slowed"].map((reason) => ({ reason }));
const REPLAYS = ["start", "gap", "deadline"].map((reason) => ({ reason }));

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
  const exposition = new Exposition();
  const groups = { exposition, emitters };
  return {
    registry: exposition.plain,
    /** What a scraper gets that accepts this. */
    scrape: (accept: string | undefined) => exposition.scrape(accept),
    ...stageMetrics(groups),
    ...inferenceMetrics(groups),
    ...galleryMetrics(groups),
    ...gatewayMetrics(groups),
    ...processMetrics(exposition, service, version),
  };
}

const STAGE_OUTCOMES = ["done", "failed", "retried", "shed", "skipped", "duplicate"] as const;
/** How a piece of work ended in one delivery of its message. */
export type StageOutcome = (typeof STAGE_OUTCOMES)[number];

function stageMetrics(groups: Groups) {
  const { counter, gauge, latency } = instruments(groups, "stage");
  const messages = counter("stage_messages_total", "Pieces of work whose delivery ended, by outcome.", [
    "stage",
    "outcome",
  ]);
  const redeliveries = counter("stage_redeliveries_total", "Deliveries that were not the first.", ["stage"]);
  const inFlight = gauge("stage_in_flight", "Messages held and not yet ended.", ["stage"]);
  return {
    /** Begins all its counts at 0, as soon as a process runs it. */
    showStage(stage: string): void {
      for (const outcome of STAGE_OUTCOMES) messages.inc({ stage, outcome }, 0);
      redeliveries.inc({ stage }, 0);
      inFlight.set({ stage }, 0);
    },
    stageMessages: messages,
    stageRedeliveries: redeliveries,
    stageInFlight: inFlight,
    stageWait: latency("stage_wait_seconds", "From stored work to a worker beginning on it.", ["stage"]),
    stageFetch: latency("stage_fetch_seconds", "From stored work to this process holding it.", ["stage"]),
    stageCompute: latency("stage_compute_seconds", "From a worker beginning to the answer.", ["stage"]),
    stagePublish: latency("stage_publish_seconds", "From the answer to all of its message stored.", [
      "stage",
    ]),
    stageTotal: latency("stage_total_seconds", "From stored work to stored answer.", ["stage"]),
  };
}

function inferenceMetrics(groups: Groups) {
  const { gauge, histogram, latency } = instruments(groups, "inference");
  const pools: (() => InferenceLoad)[] = [];
  const sum = (of: (load: InferenceLoad) => number) => pools.reduce((all, load) => all + of(load()), 0);
  gauge("inference_workers", "Workers, busy or idle.", ["state"], {
    collect() {
      if (pools.length === 0) return;
      const busy = sum((load) => load.busy);
      this.set({ state: "busy" }, busy);
      this.set({ state: "idle" }, sum((load) => load.workers) - busy);
    },
  });
  gauge("inference_waiting", "Requests for which no worker is free.", [], {
    collect() {
      this.set(sum((load) => load.waiting));
    },
  });
  return {
    /** Asks a pool at every scrape how busy it is. */
    watchInference: (load: () => InferenceLoad) => void pools.push(load),
    inferenceDuration: latency("inference_duration_seconds", "One run of one graph.", MODEL),
    inferenceBatchSize: histogram("inference_batch_size", "Pictures in one run.", MODEL, BATCH),
    modelLoad: gauge("model_load_seconds", "From reading the model's file to its first run.", MODEL),
  };
}

function galleryMetrics(groups: Groups) {
  const { gauge, latency } = instruments(groups, "match");
  return {
    galleryOperation: latency("gallery_operation_seconds", "One operation on the gallery.", [
      "driver",
      "operation",
      "outcome",
    ]),
    galleryFaces: gauge("gallery_faces", "Faces, by whether a search goes through them.", [
      "driver",
      "searched",
    ]),
  };
}

function gatewayMetrics(groups: Groups) {
  const { counter, gauge, histogram, latency } = instruments(groups, "gateway");
  return {
    jobs: counter("jobs_total", "Jobs ended, by outcome.", ["outcome"], { from: JOB_OUTCOMES }),
    jobFirstBox: latency("job_first_box_seconds", "From acceptance to the boxes."),
    jobFirstAttribute: latency(
      "job_first_attribute_seconds",
      "From acceptance to the first answer on a face.",
    ),
    jobAllResults: latency("job_all_results_seconds", "From acceptance to the last answer."),
    jobFaces: histogram("job_faces", "Faces analysed per job.", [], FACES),
    httpRequests: counter("http_requests_total", "Answers, by route.", ["route", "method", "status"]),
    httpDuration: latency("http_duration_seconds", "From a request's head to its answer's end.", [
      "route",
      "method",
    ]),
    uploadBytes: counter("upload_bytes_total", "Bytes of photos accepted."),
    bodyBytes: gauge("http_body_bytes", "Bytes of requests' bodies that are held now."),
    sockets: gauge("sockets", "Viewers connected.", ["kind"], { from: VIEWERS }),
    relayEvents: counter("relay_events_total", "Results sent to viewers.", ["kind"], { from: VIEWERS }),
    relayBytes: counter("relay_bytes_total", "Bytes of results sent to viewers.", ["kind"], {
      from: VIEWERS,
    }),
    relayDrops: counter("relay_drops_total", "Results not sent at once to a slow viewer.", ["kind"], {
      from: VIEWERS,
    }),
    relayReplays: counter("relay_replays_total", "Replays of a job from the result stream.", ["reason"], {
      from: REPLAYS,
    }),
    relayWatchedJobs: gauge("relay_watched_jobs", "Jobs that somebody watches."),
    keysRefused: counter("keys_refused_total", "Requests with a key that was not taken.", ["reason"], {
      from: KEY_REFUSALS,
    }),
    admissionRefused: counter("admission_refused_total", "Uploads answered 503."),
    admissionWait: gauge("admission_wait_seconds", "How long a photo accepted now would wait for its turn."),
    streamFill: gauge("stream_fill_ratio", "Bytes in a stream over its limit.", ["stream"]),
    consumerPending: gauge("consumer_pending", "Work stored and not yet delivered.", ["stage"]),
    consumerAckPending: gauge("consumer_ack_pending", "Work delivered and not yet acknowledged.", ["stage"]),
    consumerOldest: gauge("consumer_oldest_seconds", "Age of the oldest work waiting.", ["stage"]),
  };
}

function processMetrics(exposition: Exposition, service: string, version: string) {
  const all = new Registry();
  collectDefaultMetrics({ register: all });
  for (const name of PROCESS_METRICS) {
    const metric = all.getSingleMetric(name);
    if (metric) exposition.add(metric as Metric);
  }
  const { counter, gauge, latency } = instruments({ exposition, emitters: ["process"] }, "process");
  gauge("build_info", "What runs.", ["version", "service", "node"]).set(
    { version, service, node: process.version },
    1,
  );
  const late = eventLoopDelay();
  gauge("event_loop_delay_seconds", "How long the event loop was blocked.", ["quantile"], {
    collect() {
      for (const [quantile, seconds] of late()) this.set({ quantile }, seconds);
    },
  });
  const brokerStores = gauge(
    "broker_stores",
    "1 while the broker stores what it is given, 0 while it does not.",
  );
  brokerStores.set(1);
  return {
    brokerStores,
    blobOperation: latency("blob_operation_seconds", "One operation on the blob store.", [
      "driver",
      "operation",
      "outcome",
    ]),
    blobsKept: counter("blob_delete_failures_total", "Blobs that were to be deleted and stayed.", ["driver"]),
    brokerReconnects: counter("broker_reconnects_total", "Times the connection to the broker came back."),
  };
}

const RESOLUTION_MS = 5;

/** p50, p99 and max of how late the event loop was, since they were last asked for. */
function eventLoopDelay(): () => [string, number][] {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram holds the whole time between two timers, of which the timer itself asked for RESOLUTION_MS.
  const lateSeconds = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3);
  return () => {
    const { max } = histogram;
    const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)];
    histogram.reset();
    return [
      ["p50", lateSeconds(p50)],
      ["p99", lateSeconds(p99)],
      ["max", lateSeconds(max)],
    ];
  };
}
