import {
  assessFaces,
  chipsOf,
  decodePhoto,
  extractSettings,
  extractedOf,
  finderOf,
  viewsOf,
} from "@similarfaces/extract";
import { CHIP_SIDE } from "@similarfaces/contracts";
import { inferenceSettings, modelServerOf, openInference, packsOf } from "@similarfaces/inference";
import { servedStages } from "@similarfaces/mesh";
import { chosenStagesSetting, readSettings, type Environment } from "@similarfaces/runtime";

export interface BareLoop {
  readonly workers: number;
  /** @returns the number of faces */
  analyse(photo: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

const settings = { ...inferenceSettings, ...extractSettings, stages: chosenStagesSetting };

/**
 * What no pipeline can be faster than: the same photo decoded, its faces assessed, the same models run on the same faces, in as many workers, with
 * no broker, no HTTP, no storage and no viewers. `env` is the mesh's: it says which packs, analyzers and stages there are.
 * @throws ConfigError, PackError
 */
export async function openBareLoop(env: Environment): Promise<BareLoop> {
  const config = readSettings(env, settings);
  const { facesMax, faceScoreMin: scoreMin, faceFloor, inferenceWorkers: workers } = config;
  const packs = packsOf(config);
  const { core, analyzers } = await servedStages(packs, config.stages);
  const ofChips = [...core.filter((stage) => stage === "embed"), ...analyzers.map(({ name }) => name)];
  const models = ["detect", "refine", ...ofChips];
  const inference = await openInference({ ...packs, models, workers, modelServer: modelServerOf(config) });
  const finder = finderOf(inference);
  const assessment = { isAsked: core.includes("quality"), floor: faceFloor };
  return {
    workers,
    async analyse(photo) {
      const views = viewsOf(await decodePhoto(photo));
      const { faces } = extractedOf(views.photo, await finder.find(views, { scoreMin }), facesMax);
      await assessFaces(faces, views, assessment);
      const chips = chipsOf(views, faces, CHIP_SIDE);
      const runs: Promise<unknown>[] = [];
      for (const { index } of faces.filter(({ skipped }) => !skipped)) {
        const chip = await chips.chip(index);
        for (const model of ofChips) {
          const picture = { pixels: new Uint8Array(chip), width: CHIP_SIDE, height: CHIP_SIDE };
          runs.push(inference.model(model).predict(picture, {}));
        }
      }
      await Promise.all(runs);
      return faces.length;
    },
    close: () => inference.close(),
  };
}
