import {
  CHIP_SIDE,
  CORE_MODELS,
  CORE_STAGES,
  QUALITY,
  isChipSide,
  type AnnouncementJson,
  type ChipSide,
  type CoreStage,
  type StageName,
} from "@similarfaces/contracts";
import { followModels, type Broker } from "@similarfaces/runtime";

/** The stages that a job may ask for at this moment; analyzers come and go while the gateway runs. */
export interface InstalledStages {
  /** Those of the table that are switched on, in its order, then the announced analyzers in theirs. */
  list(): StageName[];
  /** Who answers to a name in a request: the stage or analyzer of that name, else the first analyzer that announces an answer of it. */
  named(name: string): StageName | undefined;
  /** How the answers of each are shown: of `quality` first, where it is switched on, then of the announced analyzers. */
  analyzers(): AnnouncementJson[];
  /** What has announced itself: the models of the core in the pipeline's order, then the analyzers in theirs. */
  models(): AnnouncementJson[];
  /** Pixels of a side of the chips of a job with these stages: the largest that one of its models is announced with. */
  chipSide(stages: readonly StageName[]): ChipSide;
  /** Called after `analyzers` has changed. @returns what ends that */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** Stages of the table that answer as analyzers do: their announcement is known without a record in the bucket. */
const ANALYZERS_OF_TABLE: readonly (AnnouncementJson & { name: CoreStage })[] = [QUALITY];

/**
 * Resolves when the announcements in the broker have been read: a job accepted before that would lack analyzers.
 * @param switchedOn names of analyzers in it are ignored: their announcements decide
 */
export async function followInstalledStages(
  broker: Broker,
  switchedOn: readonly StageName[],
): Promise<InstalledStages> {
  const core = CORE_STAGES.filter((stage) => switchedOn.includes(stage));
  const own = ANALYZERS_OF_TABLE.filter(({ name }) => core.includes(name));
  const models = await followModels(broker);
  const list = () => [...core, ...models.analyzers().map(({ name }) => name)];
  const analyzers = () => [...own, ...models.analyzers()];
  return {
    list,
    named: (name) =>
      list().find((stage) => stage === name) ??
      analyzers().find(({ answers }) => answers.some((answer) => answer.name === name))?.name,
    analyzers,
    models: () => [
      ...CORE_MODELS.flatMap((name) => models.list().find((model) => model.name === name) ?? []),
      ...models.analyzers(),
    ],
    // A model that is given chips is its stage's, and has its name.
    chipSide: (stages) =>
      models
        .list()
        .filter(({ name }) => stages.includes(name))
        .map(({ chipSide }) => chipSide)
        .filter(isChipSide)
        .reduce<ChipSide>((largest, side) => (side > largest ? side : largest), CHIP_SIDE),
    onChange: (listener) => models.onChange(listener),
    close: () => models.close(),
  };
}
