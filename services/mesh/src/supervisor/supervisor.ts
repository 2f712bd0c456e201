import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrokerUser } from "@similarfaces/contracts/brokerUsers";
import { isCoreStage, type StageName } from "@similarfaces/contracts/stages";
import type { Address } from "@similarfaces/runtime";
import { packsOf } from "@similarfaces/inference/settings";
import { SetupError, orSetupError } from "../setupError.js";
import { probeBroker } from "./brokerProbe.js";
import type { SupervisorConfig } from "./config.js";
import { KeptProgram } from "./keptProgram.js";
import { NATS_SERVER, natsServer } from "./natsServer.js";
import { choosePort } from "./ports.js";
import { identityOf } from "./processIdentity.js";
import type { ProgramEvents } from "./program.js";
import { meshProgram, servicePrograms } from "./programs.js";
import {
  acquireLock,
  endLeftovers,
  readRunState,
  removeRunState,
  tryWriteRunState,
  type Lock,
  type RunState,
} from "./runState.js";

export interface SupervisorOptions {
  config: SupervisorConfig;
  env: NodeJS.ProcessEnv;
  /** Every service as a process of its own. */
  processes: boolean;
  /** Of each stage's process; 1 without it. */
  replicas?: number;
  /** For the next reader of the run's state: this mesh goes when its command is done. */
  forOneCommand?: boolean;
  /** A line that a program wrote. */
  onLine(program: string, line: string): void;
  /** A program ended; `pauseMs` until it is started again. */
  onDeath(program: string, how: string, pauseMs: number): void;
}

export interface Running {
  url: string;
  /** Which HTTP server serves there. */
  driver: string;
  natsServer: string;
  metricsUrl: string;
}

export interface Supervisor {
  /** When every service is ready for the first time. @throws SetupError where one never will be */
  readonly ready: Promise<Running>;
  /** Ends one service in its own way and starts it again; all where none is named. */
  restart(service?: string): Promise<void>;
  /** Services drain, then the broker ends. A second call, with less patience, hurries the first. */
  stop(graceMs?: number): Promise<void>;
}

/** The broker ends in milliseconds; one that cannot write to its disk not at all. */
const BROKER_GRACE_MS = 5_000;
const SILENT_GRACE_MS = 1_000;
const REMEMBER_AGAIN_MS = 1_000;
/** What an earlier run left behind drains within this. */
const LEFTOVER_GRACE_MS = 10_000;

/**
 * Starts broker and services on the data folder and keeps them running until stopped.
 * @throws SetupError if another supervisor has the data folder, the port is taken, or a pack is refused
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { dataDir } = options.config;
  mkdirSync(dataDir, { recursive: true });
  const lock = acquireLock(dataDir);
  if (!lock) throw new SetupError(runsAlready(dataDir));
  try {
    await endLeftovers(dataDir, LEFTOVER_GRACE_MS);
    return await supervise(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function supervise(options: SupervisorOptions, lock: Lock): Promise<Supervisor> {
  const { config, processes, replicas = 1, forOneCommand = false } = options;
  const port = await choosePort(config);
  // The mesh in one process finds out for itself what it serves, while it loads the rest of its code.
  const served = processes ? await stagesServed(config) : undefined;
  const stages = served ?? config.stages;
  const analyzers = served?.filter((stage) => !isCoreStage(stage)) ?? [];
  const broker = config.natsUrl ? undefined : await natsServer(config.dataDir, config.natsServer, analyzers);
  const env: NodeJS.ProcessEnv = {
    GALLERY_SNAPSHOT_FILE: join(config.dataDir, "gallery.snapshot"),
    ...options.env,
    PORT: String(port),
    LOG_FORMAT: "json",
    ...(stages ? { STAGES: stages.join(",") } : {}),
    ...(broker ? { NATS_URL: broker.url } : {}),
  };
  const operator = broker?.loginOf("operator");
  const state: RunState = {
    supervisor: identityOf(process.pid)!,
    natsUrl: broker?.url ?? config.natsUrl!,
    ...(broker ? { natsUser: operator!.user, natsPassword: operator!.password } : {}),
    forOneCommand,
    children: {},
  };
  const envOf = (name: BrokerUser | "mesh"): NodeJS.ProcessEnv => {
    if (!broker) return env;
    const { user, password } = broker.loginOf(name);
    // What is set for another broker is not for this one.
    const others = { NATS_TOKEN: "", NATS_CREDENTIALS_FILE: "", NATS_CA_FILE: "" };
    return { ...env, ...others, NATS_USER: user, NATS_PASSWORD: password };
  };
  const programs = served ? servicePrograms(served, envOf, replicas) : [meshProgram(envOf("mesh"))];
  const awaited = new Set(programs.map(({ name }) => name));
  const ready = new Deferred<Running>();
  let stopping: Promise<void> | undefined;
  let address: Address | undefined;

  /** A write that fails, as on a full disk, is tried again: the supervisor has to live on and restart the others. */
  let rememberingAgain: NodeJS.Timeout | undefined;
  function remember(): void {
    clearTimeout(rememberingAgain);
    if (!tryWriteRunState(config.dataDir, state)) rememberingAgain = setTimeout(remember, REMEMBER_AGAIN_MS);
  }

  const events: ProgramEvents = {
    started({ name }, pid) {
      const identity = identityOf(pid);
      // At once: were this process killed now, the next start could end the child.
      if (identity) state.children[name] = identity;
      remember();
      if (name === NATS_SERVER) probe?.started();
    },
    ready({ name }, notice) {
      // No service is ready without it.
      brokerChild?.hasServed();
      awaited.delete(name);
      if (notice.address) {
        address = notice.address;
        state.url = address.url;
        state.metricsUrl = notice.metricsUrl;
        remember();
      }
      const { metricsUrl } = state;
      if (awaited.size > 0 || !address || metricsUrl === undefined) return;
      ready.resolve({ ...address, natsServer: notice.natsServer, metricsUrl });
    },
    line: ({ name }, line) => options.onLine(name, line),
    died({ name }, how, pauseMs) {
      options.onDeath(name, how, pauseMs);
    },
    gaveUp({ name }, how) {
      const where = name === NATS_SERVER ? `; see ${join(config.dataDir, "nats-server.log")}` : "";
      ready.reject(new SetupError(`${name} ${how} and is not started again${where}`));
    },
  };
  const brokerChild = broker && new KeptProgram(broker.program, events);
  const services = programs.map((program) => new KeptProgram(program, events));
  const probe =
    broker &&
    probeBroker({
      url: broker.url,
      ...broker.loginOf("supervisor"),
      dataDir: config.dataDir,
      onSilence(how) {
        options.onDeath(NATS_SERVER, how, 0);
        // It has not answered for long, and may not react to SIGTERM either: a short grace will do.
        void brokerChild!.restart(SILENT_GRACE_MS);
      },
    });
  // Side by side: services wait for the broker, and load their code and models meanwhile.
  for (const program of [...(brokerChild ? [brokerChild] : []), ...services]) program.start();

  async function end(graceMs: number): Promise<void> {
    await Promise.all(services.map((service) => service.stop(graceMs)));
    await probe?.close();
    await brokerChild?.stop(Math.min(graceMs, BROKER_GRACE_MS));
  }

  return {
    ready: ready.promise,
    async restart(name) {
      const chosen = services.filter(({ program }) => name === undefined || program.name === name);
      await Promise.all(chosen.map((service) => service.restart(config.forceMs)));
    },
    async stop(graceMs = config.forceMs) {
      ready.reject(new SetupError("stopped before it was ready"));
      const ending = end(graceMs);
      stopping ??= ending.finally(() => {
        clearTimeout(rememberingAgain);
        removeRunState(config.dataDir);
        lock.release();
      });
      await ending;
      await stopping;
    },
  };
}

/** @throws SetupError in the words in which a pack or an analyzer is refused */
async function stagesServed(config: SupervisorConfig): Promise<StageName[]> {
  // Reading manifests takes code that the mesh in one process needs and its supervisor does not.
  const { servedStages } = await import("../oneProcess/servedStages.js");
  const { core, analyzers } = await orSetupError(() => servedStages(packsOf(config), config.stages));
  return [...core, ...analyzers.map(({ name }) => name)];
}

function runsAlready(dataDir: string): string {
  const state = readRunState(dataDir);
  const where = state?.url ? ` at ${state.url}` : "";
  const who = state ? ` (process ${state.supervisor.pid})` : "";
  return `The mesh of ${dataDir} runs already${where}${who}. Stop it first, or set DATA_DIR and PORT for a second one.`;
}

class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A rejection that nobody awaits is no fault.
    this.promise.catch(() => {});
  }
}
