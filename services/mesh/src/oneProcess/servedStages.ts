import { CORE_STAGES, isCoreStage, type CoreStage, type StageName } from "@similarfaces/contracts/stages";
import {
  findAnalyzer,
  findAnalyzers,
  type FoundAnalyzer,
  type PackChoice,
} from "@similarfaces/inference/early";

/** What a mesh serves. */
export interface ServedStages {
  core: readonly CoreStage[];
  analyzers: readonly FoundAnalyzer[];
}

/**
 * Where stages are named, those; else all of the table, and every analyzer of the packs in use.
 * @throws PackError for a name that no pack has, two analyzers of one name, and a pack that is none
 */
export async function servedStages(
  packs: PackChoice,
  named: readonly StageName[] | undefined,
): Promise<ServedStages> {
  if (named === undefined) return { core: CORE_STAGES, analyzers: await findAnalyzers(packs) };
  const analyzers = named.filter((stage) => !isCoreStage(stage));
  return {
    core: named.filter(isCoreStage),
    analyzers: await Promise.all(analyzers.map((name) => findAnalyzer(packs, name))),
  };
}
