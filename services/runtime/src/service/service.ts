import { setMaxListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { createLog, type Log } from "../telemetry/log.js";
import { connectBroker, type Broker } from "../broker/broker.js";
import { serveHealth, type HealthServer } from "./healthServer.js";
import { createMetrics, type Emitter, type Metrics } from "../telemetry/metrics.js";
import { notifyParent, whenParentIsGone, type Address } from "./parent.js";
import { ConfigError, type Environment, type Settings } from "../settings/settings.js";
import { openTracing } from "../telemetry/openTracing.js";
import { brokerAccess, type runtimeSettings } from "../settings/runtimeSettings.js";
import { probeStore } from "../broker/probeStore.js";
import type { Tracing } from "../telemetry/tracing.js";
import { VERSION } from "./version.js";

/**
 * starting: not ready; waits for the broker, provisioning and models.
 * ready: takes work.
 * draining: SIGTERM or SIGINT came; nothing new is taken, what is in flight is finished or handed back.
 * stopped: exit code 0. failed: exit code 1, or 2 for a bad configuration.
 */
export type ServiceState = "starting" | "ready" | "draining" | "stopped" | "failed";

export interface ServiceContext<Config> {
  config: Config;
  broker: Broker;
  metrics: Metrics;
  log: Log;
  tracing: Tracing;
  /** Aborted when SIGTERM or SIGINT comes while the process still starts. */
  signal: AbortSignal;
}

/** What `start` has started. */
export interface Service {
  drain(): Promise<void>;
  /** Why it takes no work now, in words; undefined where it does. The state of the broker is checked in any case. */
  unready?(): string | undefined;
  /** Where it is reached, for a service that visitors come to. */
  readonly address?: Address;
}

export interface ServiceOptions<Config> {
  /** The program's. */
  name: string;
  /** Of a program that is one of many services: which one, in logs, metrics and traces, and at the broker. Unset: its own name. */
  nameOf?(config: Config): string;
  emitters: readonly Emitter[];
  readConfig(env: Environment): Config;
  /** Resolves when everything is loaded, warm and running. */
  start(context: ServiceContext<Config>): Promise<Service>;
  /** Runs before the process ends by itself, however far the start has come, after what was started has drained; a bug's end does not wait for it. */
  release?(): Promise<void>;
  /** The port of health and metrics where HEALTH_PORT is unset. Undefined for a service that may run many times on a machine: any free port. */
  usualHealthPort?: number;
}

/** Trying again mends nothing. */
const EXIT_BAD_CONFIG = 2;

/**
 * The life of a process, from its first signal handler to its exit code. Called once, by a main.ts.
 */
export async function runService<Config extends Settings<typeof runtimeSettings>>(
  env: Environment,
  options: ServiceOptions<Config>,
): Promise<void> {
  collectLessOften();
  let state: ServiceState = "starting";
  const stopping = new AbortController();
  // Everything that waits during the start listens to it, every analyzer more than once.
  setMaxListeners(0, stopping.signal);
  // Before all else: a signal during the start must drain what has been started by then.
  const stopRequested = new Promise<void>((resolve) => {
    const stop = () => {
      if (stopping.signal.aborted) return;
      stopping.abort();
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    whenParentIsGone(stop);
  });
  const config = readConfigOrExplain(env, options);
  if (config === undefined) {
    await options.release?.();
    process.exit(EXIT_BAD_CONFIG);
  }
  const name = options.nameOf?.(config) ?? options.name;
  const log = createLog({
    service: name,
    level: config.logLevel,
    format: config.logFormat,
  });
  const exitIn = (ms: number) =>
    setTimeout(() => exitFailed(log, undefined, "not stopped in time"), ms).unref();
  // Counted from the signal, because a start that hangs never reaches the drain.
  stopping.signal.addEventListener("abort", () => exitIn(config.forceMs));
  process.on("uncaughtException", (err) => exitFailed(log, err));
  process.on("unhandledRejection", (err) => exitFailed(log, err));
  const metrics = createMetrics({ service: name, version: VERSION, emitters: options.emitters });
  let tracing: Tracing | undefined;
  let broker: Broker | undefined;
  let service: Service | undefined;
  let health: HealthServer | undefined;
  let endProbe = () => {};
  try {
    health = await serveHealth({
      host: config.healthHost,
      port: config.healthPort,
      usualPort: options.usualHealthPort,
      metrics,
      healthy: () => state !== "failed",
      unready: () => (state === "ready" ? (broker!.fault() ?? service!.unready?.()) : state),
    });
    log.info({ port: health.port }, "health and metrics are served");
    broker = await connectBroker({
      ...brokerAccess(config),
      name: `similarfaces ${name}`,
      signal: stopping.signal,
      onError: (err) => log.error({ err }, "the broker reports an error"),
    });
    broker.onReconnect(() => {
      metrics.brokerReconnects.inc();
      log.info("the broker is back");
    });
    void broker.nc.closed().then((err) => {
      // The broker wants other credentials now, for instance: a new process reads them.
      if (state === "starting" || state === "ready")
        exitFailed(log, err, "the connection was closed for good");
    });
    tracing = await openTracing({
      service: name,
      version: VERSION,
      otlpEndpoint: config.otlpEndpoint,
      sampleRatio: config.traceRatio,
    });
    broker.store.onChange((fault) => {
      metrics.brokerStores.set(fault === undefined ? 1 : 0);
      if (fault === undefined) log.info("the broker stores again");
      else log.error({ fault }, "nothing can be stored");
    });
    service = await options.start({ config, broker, metrics, log, tracing, signal: stopping.signal });
    state = "ready";
    // Not earlier: by now the stream of probes is provisioned.
    endProbe = probeStore(broker);
    log.info({ natsServer: broker.serverVersion }, "ready");
    notifyParent({
      ready: name,
      natsServer: broker.serverVersion,
      ...(service.address ? { address: service.address } : {}),
      metricsUrl: urlOf(config.healthHost, health.port, "/metrics"),
    });
    await stopRequested;
  } catch (error) {
    if (!stopping.signal.aborted) {
      state = "failed";
      log.fatal({ err: error }, "could not start");
      process.exitCode = error instanceof ConfigError ? EXIT_BAD_CONFIG : 1;
      exitIn(config.forceMs);
    }
  }
  const failed = state === "failed";
  state = "draining";
  endProbe();
  for (const step of [
    () => service?.drain(),
    () => options.release?.(),
    () => broker?.close(),
    () => tracing?.close(),
    () => health?.close(),
  ]) {
    // Every step runs although an earlier one failed.
    await Promise.resolve()
      .then(step)
      .catch((err: unknown) => log.error({ err }, "while draining"));
  }
  state = failed ? "failed" : "stopped";
  log.info(state);
  log.flush();
  process.exit();
}

/** Where this machine reaches it: a wildcard is no address to go to. */
function urlOf(host: string, port: number, path: string): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}${path}`;
}

/**
 * Photos, chips and messages are large buffers outside a small heap, and V8 counts both alike: it would go through all of
 * the heap for every second photo. Letting live data grow fourfold between collections costs 35 MiB and saves an eighth of
 * the processor time of a mesh under load (12.0 to 13.9 photos of four faces a second).
 */
function collectLessOften(): void {
  setFlagsFromString("--heap-growing-percent=300");
}

function readConfigOrExplain<Config>(
  env: Environment,
  { name, readConfig }: ServiceOptions<Config>,
): Config | undefined {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: the configuration is not usable\n`);
    for (const problem of error.problems) process.stderr.write(`  ${problem}\n`);
    return undefined;
  }
}

/** By default our own bugs: whatever state is left cannot be trusted, and the supervisor starts afresh. */
function exitFailed(log: Log, err: unknown, message = "a bug: nobody handled this"): void {
  log.fatal({ err }, message);
  log.flush();
  process.exit(1);
}
