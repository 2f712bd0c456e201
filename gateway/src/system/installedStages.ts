import {
  CORE_STAGES,
  QUALITY,
  type AnnouncementJson,
  type CoreStage,
  type StageName,
} from "@similarfaces/contracts";
import { followAnalyzers, type Broker } from "@similarfaces/runtime";

/** The stages that a job may ask for at this moment; analyzers come and go while the gateway runs. */
export interface InstalledStages {
  /** Those of the table that are switched on, in its order, then the announced analyzers in theirs. */
  list(): StageName[];
  /** How the answers of each are shown: of `quality` first, where it is switched on, then of the announced analyzers. */
  analyzers(): AnnouncementJson[];
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
  const announced = await followAnalyzers(broker);
  return {
    list: () => [...core, ...announced.list().map(({ name }) => name)],
    analyzers: () => [...own, ...announced.list()],
    onChange: (listener) => announced.onChange(listener),
    close: () => announced.close(),
  };
}
