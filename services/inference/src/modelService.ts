import type { Announcement, StageName } from "@similarfaces/contracts";
import {
  announce,
  readSettings,
  runService,
  runStage,
  runtimeSettings,
  untilProvisioned,
  type Environment,
  type Service,
  type ServiceContext,
  type Setting,
  type Settings,
  type Stage,
} from "@similarfaces/runtime";
import { inferenceObserver } from "./inferenceMetrics.js";
import {
  concurrencyOf,
  inferenceSettings,
  modelServerOf,
  packsOf,
  type InferenceSettings,
} from "./inferenceSettings.js";
import type { Inference } from "./model.js";
import { openInference } from "./open.js";

const commonSettings = { ...runtimeSettings, ...inferenceSettings };
type CommonConfig = Settings<typeof commonSettings>;

export interface ModelServiceOptions<Own extends Record<string, Setting<unknown>>> {
  name: string;
  /** The keys that it reads beside those of every service and of every one that runs models. */
  settings: Own;
  /** The stage that this process is. */
  stageName(config: CommonConfig & Settings<Own>): StageName;
  /** The models that it runs, by name. */
  models(config: CommonConfig & Settings<Own>): readonly string[];
  /** Of an analyzer: it requests its consumer, and renews this announcement until it drains. */
  announcement?(config: CommonConfig & Settings<Own>): Promise<Announcement>;
  /** Called when the models have run once and the stage's consumer is there. */
  createStage(context: ModelServiceContext<CommonConfig & Settings<Own>>): ModelStage | Promise<ModelStage>;
}

export interface ModelServiceContext<Config> extends ServiceContext<Config> {
  inference: Inference;
}

export interface ModelStage {
  stage: Stage;
  /** Why it takes no work now, in words. */
  unready?(): string | undefined;
  /** Runs when the stage has drained. */
  close?(): Promise<void>;
}

/**
 * A process that is one stage and runs models, from its settings to its exit code: opens the models, waits for what provisioning makes,
 * and runs the stage until SIGTERM. Called once, by a main.ts.
 */
export function runModelService<Own extends Record<string, Setting<unknown>>>(
  env: Environment,
  { name, settings, stageName, models, announcement, createStage }: ModelServiceOptions<Own>,
): Promise<void> {
  type Config = CommonConfig & Settings<Own>;
  return runService<Config>(env, {
    name,
    nameOf: stageName,
    emitters: ["stage", "inference"],
    readConfig: (from) => readSettings(from, { ...commonSettings, ...settings }) as Config,
    async start(context): Promise<Service> {
      const { config, broker, metrics, log, tracing, signal } = context;
      const inference = await openModels(models(config), context);
      const announced = announcement && (await announce(broker, await announcement(config), { signal, log }));
      await untilProvisioned(broker, stageName(config), signal);
      const { stage, unready, close } = await createStage({ ...context, inference });
      const { graceMs } = config;
      const concurrency = concurrencyOf(config);
      const running = await runStage(stage, { broker, concurrency, graceMs, metrics, log, tracing });
      return {
        ...(unready ? { unready } : {}),
        async drain() {
          announced?.close();
          await running.drain();
          await inference.close();
          await close?.();
        },
      };
    },
  });
}

/** The models of these names as the service's settings have them, their runs in its metrics and traces. */
export function openModels(
  models: readonly string[],
  { config, metrics, tracing, signal }: Omit<ServiceContext<InferenceSettings>, "broker" | "log">,
): Promise<Inference> {
  return openInference({
    ...packsOf(config),
    models,
    workers: config.inferenceWorkers,
    analyzerMsMax: config.analyzerMsMax,
    modelServer: modelServerOf(config),
    signal,
    ...inferenceObserver(metrics, tracing),
  });
}
