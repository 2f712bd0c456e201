import { dirname, resolve } from "node:path";
import type { CoreModel, MeasurementJson } from "@similarfaces/contracts";
import {
  PackError,
  listPack,
  type Manifest,
  type PackEntry,
  type PrecisionChoice,
} from "@similarfaces/inference";
import { figuresOf, type FiguresOptions } from "./figures.js";
import { measurablesOf } from "./measurable.js";
import { SCORES } from "./measures/detection.js";
import { openPipeline } from "./pipeline.js";
import { readDataset } from "./readDataset.js";

/** The pack that finds the faces where the measured one does not. */
const USUAL = "compact";

export interface EvaluateOptions extends FiguresOptions {
  modelsDir: string;
  /** A name in `modelsDir`, or a path with a slash; a folder with a manifest of its own is one model. */
  pack: string;
  /** The pack whose detector finds the faces; the measured pack's own where it has one, else `compact`. */
  detector?: string | undefined;
  /** Which variant of each model runs; as the pipeline chooses without it. */
  precision?: PrecisionChoice | undefined;
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
  /** As in results: "compact-age@2.0.0+int8". */
  readonly model: string;
  /** The detector and the second look that found the faces. */
  readonly finder: string;
  /** Of a classification, as its confusion table has them. */
  readonly labels?: readonly string[];
  /** As it may stand in the manifest, with the variant that was measured. */
  readonly measurement: MeasurementJson;
  /** Of an embedder: the manifest's fields `falseMatches` and `calibration`, by these pictures. */
  readonly forManifest?: Pick<Manifest, "falseMatches" | "calibration">;
}

/**
 * Measures every answer of a pack that a folder of pictures has the truth for, by the pipeline's own way from the file to the answer.
 * @throws PackError
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated[]> {
  const { modelsDir, pack, precision, data, dataName, date, workers } = options;
  const dataset = await readDataset(data);
  const entries = await listPack(modelsDir, pack);
  // One entry for each variant: the pipeline chooses among them itself.
  const models = entries.filter(({ name }, i) => entries[i - 1]?.name !== name).map(withManifest);
  const measured = measurablesOf(dataset, models);
  const names = models.map(({ name }) => name);
  if (measured.length === 0) {
    throw new PackError(`${data}: says nothing of what the pack "${pack}" knows (${names.join(", ")})`);
  }
  const own = (name: CoreModel) => (names.includes(name) ? pack : USUAL);
  const pipeline = await openPipeline({
    modelsDir,
    packs: {
      refine: own("refine"),
      detect: options.detector ?? own("detect"),
      ...packsOf(models, measured),
    },
    precision,
    workers,
    // Faces below the detector's threshold too: they are counted at several thresholds.
    scoreMin: dataset.kind === "boxes" ? SCORES[0] : undefined,
  });
  try {
    const figures = await figuresOf(dataset, measured, pipeline, options);
    return measured.flatMap(({ name, answer, scheme }, i) =>
      figures[i]!.map(({ part, n, figures: ofPart, forManifest }) => ({
        name,
        answer: answer.name,
        model: pipeline.modelName(name),
        finder: pipeline.finderName,
        ...(answer.kind === "classification" ? { labels: Object.keys(scheme) } : {}),
        measurement: {
          data: part === undefined ? dataName : `${dataName}, ${part}`,
          n,
          date,
          figures: ofPart,
        },
        ...(forManifest
          ? {
              forManifest: {
                falseMatches: { data: dataName, date, ...forManifest.falseMatches },
                calibration: forManifest.calibration,
              },
            }
          : {}),
      })),
    );
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
