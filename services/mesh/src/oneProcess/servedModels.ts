import { CORE_MODELS, PROGRAM_OF_MODEL } from "@similarfaces/contracts/stages";
import {
  findModels,
  inferenceSettings,
  observedLater,
  openFound,
  openingOf,
  packsOf,
  type FoundModel,
  type Inference,
  type InferenceObserver,
} from "@similarfaces/inference/early";
import { chosenStagesSetting, readSettings, type Environment } from "@similarfaces/runtime/settings";
import { servedStages, type ServedStages } from "./servedStages.js";

/** What a mesh serves by its settings, and all models that this needs, those of the core first. */
export interface ServedModels extends ServedStages {
  models: readonly FoundModel[];
}

export interface Opening {
  /** @throws ConfigError for the settings of models, and PackError */
  served: Promise<ServedModels>;
  /** @throws as `served`, and as openFound does */
  inference: Promise<Inference>;
  /** Whoever observes is told what has happened until then, too. */
  observe(by: InferenceObserver): void;
  /** Ends the wait for a model server. */
  giveUp(): void;
  /** Closes the models, once they are open where they still load: a process that ended while a thread loads a graph would be aborted. */
  close(): Promise<void>;
}

/** Begins to open the models of a mesh with these settings. */
export function openServedModels(env: Environment): Opening {
  const { observer, observe } = observedLater();
  const stopping = new AbortController();
  const reading = readServed(env);
  const inference = reading.then(({ config, models }) =>
    openFound(models, { ...openingOf(config), signal: stopping.signal, ...observer }),
  );
  // Whoever waits for them hears of a failure; until then nobody does.
  inference.catch(() => {});
  return {
    served: reading,
    inference,
    observe,
    giveUp: () => stopping.abort(),
    async close() {
      stopping.abort();
      await inference.then(
        (opened) => opened.close(),
        () => {},
      );
    },
  };
}

async function readServed(env: Environment) {
  const config = readSettings(env, { ...inferenceSettings, stages: chosenStagesSetting });
  const packs = packsOf(config);
  const { core, analyzers } = await servedStages(packs, config.stages);
  const ofCore = CORE_MODELS.filter((model) => core.includes(PROGRAM_OF_MODEL[model]));
  return { config, core, analyzers, models: [...(await findModels(packs, ofCore)), ...analyzers] };
}
