import {
  CORE_STAGES,
  isForPhotos,
  isCoreStage,
  isGalleryStage,
  rowOf,
  type StageName,
} from "@similarfaces/contracts/stages";
import { analyzers, inOrder } from "./analyzers";
import { about } from "./installation";

/** Whether a stage answers with an analysis: an analyzer, or `quality`. */
export const isAnalysis = (stage: StageName): boolean => rowOf(stage).outcome === "analysis";

/** In the order in which a photo passes through them: extract and embed, the analyzers in their order, then those of the gallery. */
export function inPhotoOrder(stages: readonly StageName[]): StageName[] {
  const core = CORE_STAGES.filter((stage) => stages.includes(stage) && !isAnalysis(stage));
  return [
    ...core.filter((stage) => !isGalleryStage(stage)),
    ...inOrder(stages.filter(isAnalysis)),
    ...core.filter(isGalleryStage),
  ];
}

/** The stages that a photo sent now would pass through; those of the table count as on until `/v1/about` has answered. */
export function stagesNow(): StageName[] {
  const on = about()?.stages ?? CORE_STAGES;
  const core = CORE_STAGES.filter((stage) => isForPhotos(stage) && !isAnalysis(stage) && on.includes(stage));
  return inPhotoOrder([...core, ...analyzers().map(({ name }) => name)]);
}

/** Whether a stage of the table is switched on, or an analyzer announced. */
export const isOn = (stage: StageName): boolean =>
  isCoreStage(stage)
    ? (about()?.stages.includes(stage) ?? true)
    : analyzers().some(({ name }) => name === stage);
