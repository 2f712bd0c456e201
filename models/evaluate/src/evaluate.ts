import { PackError, listPack, modelName, type Manifest, type Measurement } from "@similarfaces/inference";
import { figuresOf, type FiguresOptions } from "./figures.js";
import { measurablesOf } from "./measurable.js";
import { SCORES } from "./measures/detection.js";
import { openPipeline } from "./pipeline.js";
import { readDataset } from "./readDataset.js";

export interface EvaluateOptions extends FiguresOptions {
  modelsDir: string;
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
  readonly task: Manifest["task"];
  /** Which of its answers. */
  readonly answer: string;
  /** "<id>@<version>" */
  readonly model: string;
  /** The detector that found the faces. */
  readonly detector: string;
  /** Of a classification, as its confusion table has them. */
  readonly labels?: readonly string[];
  /** As it may stand in the manifest. */
  readonly measurement: Measurement;
}

/**
 * Measures every answer of a pack that a folder of pictures has the truth for, by the pipeline's own way from the file to the answer.
 * @throws PackError
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated[]> {
  const { modelsDir, pack, data, dataName, date, workers } = options;
  const dataset = await readDataset(data);
  const manifests = await manifestsOf(modelsDir, pack);
  const measured = measurablesOf(dataset, manifests);
  const tasks = manifests.map(({ task }) => task);
  if (measured.length === 0) {
    throw new PackError(`${data}: says nothing of what the pack "${pack}" knows (${tasks.join(", ")})`);
  }
  const detector = options.detector ?? (tasks.includes("detect") ? pack : "compact");
  const pipeline = await openPipeline({
    modelsDir,
    packs: { detect: detector, ...Object.fromEntries(measured.map(({ task }) => [task, pack])) },
    workers,
    // Faces below the detector's threshold too: they are counted at several thresholds.
    scoreMin: dataset.kind === "boxes" ? SCORES[0] : undefined,
  });
  try {
    const figures = await figuresOf(dataset, measured, pipeline, options);
    return measured.map(({ task, answer, scheme }, i) => {
      const { n, ...rest } = figures[i]!;
      return {
        task,
        answer: answer.name,
        model: modelName(pipeline.manifest(task)),
        detector: pipeline.name("detect"),
        ...(answer.kind === "classification" ? { labels: Object.keys(scheme) } : {}),
        measurement: { data: dataName, n, date, figures: rest },
      };
    });
  } finally {
    await pipeline.close();
  }
}

async function manifestsOf(modelsDir: string, pack: string): Promise<Manifest[]> {
  const entries = await listPack(modelsDir, pack);
  return entries.map(({ task, manifest, problem }) => {
    if (!manifest) throw new PackError(problem ?? `${pack}/${task}: there is no manifest`);
    return manifest;
  });
}
