import type { StageName } from "@similarfaces/contracts";
import {
  announce,
  type Announced,
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
  openingOf,
  packsOf,
  type InferenceSettings,
} from "./inferenceSettings.js";
import type { Inference } from "../model.js";
import { openFound } from "../open.js";
import { announcementOf } from "../packs/announcement.js";
import { findModels, type FoundModel } from "../packs/findModels.js";
import { modelsLine } from "./modelsLine.js";

const commonSettings = { ...runtimeSettings, ...inferenceSettings };
type CommonConfig = Settings<typeof commonSettings>;

export interface ModelServiceOptions<Own extends Record<string, Setting<unknown>>> {
  name: string;
  /** The keys that it reads beside those of every service and of every one that runs models. */
  settings: Own;
  /** The stage that this process is. */
  stageName(config: CommonConfig & Settings<Own>): StageName;
  /** The models that it runs, by name; each is announced until it drains. */
  models(config: CommonConfig & Settings<Own>): readonly string[];
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
  { name, settings, stageName, models, createStage }: ModelServiceOptions<Own>,
): Promise<void> {
  type Config = CommonConfig & Settings<Own>;
  let inference: Inference | undefined;
  return runService<Config>(env, {
    name,
    // A process that ended while a thread loads a graph would be aborted.
    release: async () => inference?.close(),
    nameOf: stageName,
    emitters: ["stage", "inference"],
    readConfig: (from) => readSettings(from, { ...commonSettings, ...settings }) as Config,
    async start(context): Promise<Service> {
      const { config, broker, metrics, log, tracing, signal } = context;
      const names = models(config);
      const found = await findModels(packsOf(config), names);
      inference = await openFound(found, {
        ...openingOf(config),
        signal,
        ...inferenceObserver(metrics, tracing),
      });
      log.info(`models: ${modelsLine(inference, names)}`);
      const announced = await announceModels(found, context);
      await untilProvisioned(broker, stageName(config), signal);
      const { stage, unready, close } = await createStage({ ...context, inference });
      const { graceMs } = config;
      const concurrency = concurrencyOf(config);
      const running = await runStage(stage, { broker, concurrency, graceMs, metrics, log, tracing });
      return {
        ...(unready ? { unready } : {}),
        async drain() {
          announced.close();
          await running.drain();
          await close?.();
        },
      };
    },
  });
}

/** Announces these models, and renews that until it is closed. Resolves when all are stored, and each analyzer's consumer is there. */
export async function announceModels(
  models: readonly FoundModel[],
  { broker, log, signal }: Pick<ServiceContext<InferenceSettings>, "broker" | "log" | "signal">,
): Promise<Announced> {
  const announced = await Promise.all(
    models.map((model) => announce(broker, announcementOf(model), { signal, log })),
  );
  return { close: () => announced.forEach((each) => each.close()) };
}
