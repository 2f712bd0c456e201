import { CORE_STAGES, isCoreStage, rowOf, type StageName } from "@similarfaces/contracts/stages";
import { analyzers, inOrder } from "./analyzers";
import { about } from "./installation";

/** Whether a stage answers with an analysis: an analyzer, or `quality`. */
export const isAnalysis = (stage: StageName): boolean => rowOf(stage).outcome === "analysis";

/** As a photo meets them: what works on it and on its faces, the analyzers in their order, then what asks the gallery. */
export function inPhotoOrder(stages: readonly StageName[]): StageName[] {
  const isGallery = (stage: StageName) => rowOf(stage).kind === "gallery";
  const core = CORE_STAGES.filter((stage) => stages.includes(stage) && !isAnalysis(stage));
  return [
    ...core.filter((stage) => !isGallery(stage)),
    ...inOrder(stages.filter(isAnalysis)),
    ...core.filter(isGallery),
  ];
}

/** The stages that a photo sent now would be asked for; those of the table are taken to be on until it is known. */
export function stagesNow(): StageName[] {
  const on = about()?.stages ?? CORE_STAGES;
  const core = CORE_STAGES.filter((stage) => stage !== "enrol" && !isAnalysis(stage) && on.includes(stage));
  return inPhotoOrder([...core, ...analyzers().map(({ name }) => name)]);
}

/** Whether a stage of the table is switched on, or an analyzer announced. */
export const isOn = (stage: StageName): boolean =>
  isCoreStage(stage)
    ? (about()?.stages.includes(stage) ?? true)
    : analyzers().some(({ name }) => name === stage);
