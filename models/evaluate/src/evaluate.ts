import { dirname, resolve } from "node:path";
import type { MeasurementJson } from "@similarfaces/contracts";
import { PackError, listPack, type Manifest, type PackEntry } from "@similarfaces/inference";
import { figuresOf, type FiguresOptions } from "./figures.js";
import { measurablesOf } from "./measurable.js";
import { SCORES } from "./measures/detection.js";
import { openPipeline } from "./pipeline.js";
import { readDataset } from "./readDataset.js";

export interface EvaluateOptions extends FiguresOptions {
  modelsDir: string;
  /** A name in `modelsDir`, or a path with a slash; a folder with a manifest of its own is one model. */
  pack: string;
  /** The pack whose detector finds the faces; the measured pack's own where it has one, else `compact`. */
  detector?: string | undefined;
  /** What the data is called in the results. */
  dataName: string;
  /** A full date. */
  date: string;
  workers: number;
}

export interface Evaluated {
  /** The model's folder in its pack. */
  readonly name: string;
  /** Which of its answers. */
  readonly answer: string;
  /** "<id>@<version>" */
  readonly model: string;
  /** The detector that found the faces. */
  readonly detector: string;
  /** Of a classification, as its confusion table has them. */
  readonly labels?: readonly string[];
  /** As it may stand in the manifest. */
  readonly measurement: MeasurementJson;
}

/**
 * Measures every answer of a pack that a folder of pictures has the truth for, by the pipeline's own way from the file to the answer.
 * @throws PackError
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated[]> {
  const { modelsDir, pack, data, dataName, date, workers } = options;
  const dataset = await readDataset(data);
  const models = (await listPack(modelsDir, pack)).map(withManifest);
  const measured = measurablesOf(dataset, models);
  const names = models.map(({ name }) => name);
  if (measured.length === 0) {
    throw new PackError(`${data}: says nothing of what the pack "${pack}" knows (${names.join(", ")})`);
  }
  const detector = options.detector ?? (names.includes("detect") ? pack : "compact");
  const pipeline = await openPipeline({
    modelsDir,
    packs: { detect: detector, ...packsOf(models, measured) },
    workers,
    // Faces below the detector's threshold too: they are counted at several thresholds.
    scoreMin: dataset.kind === "boxes" ? SCORES[0] : undefined,
  });
  try {
    const figures = await figuresOf(dataset, measured, pipeline, options);
    return measured.map(({ name, answer, scheme }, i) => {
      const { n, ...rest } = figures[i]!;
      return {
        name,
        answer: answer.name,
        model: pipeline.modelName(name),
        detector: pipeline.modelName("detect"),
        ...(answer.kind === "classification" ? { labels: Object.keys(scheme) } : {}),
        measurement: { data: dataName, n, date, figures: rest },
      };
    });
  } finally {
    await pipeline.close();
  }
}

function withManifest(entry: PackEntry): PackEntry & { manifest: Manifest } {
  const { pack, name, manifest, problem } = entry;
  if (!manifest) throw new PackError(problem ?? `${pack}/${name}: there is no manifest`);
  return { ...entry, manifest };
}

/** By its path, the pack of each model that is measured: that of one folder is the folder around it. */
function packsOf(
  models: readonly PackEntry[],
  measured: readonly { name: string }[],
): Record<string, string> {
  const used = models.filter(({ name }) => measured.some((one) => one.name === name));
  return Object.fromEntries(used.map(({ name, folder }) => [name, resolve(dirname(folder))]));
}
