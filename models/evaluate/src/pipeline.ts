import { readFile } from "node:fs/promises";
import { createAnalyzer } from "@similarfaces/analyze";
import { FaceWorkSchema, create, embeddingFromBytes, type AnalyzerName } from "@similarfaces/contracts";
import { createEmbed } from "@similarfaces/embed";
import { cutChip, decodePhoto, detectFaces, detectorOf, viewsOf } from "@similarfaces/extract";
import { openInference, type Inference, type Manifest, type Task } from "@similarfaces/inference";
import type { StageCall } from "@similarfaces/runtime";
import type { Detection, Size } from "@similarfaces/vision";

/** The pipeline without its broker: the stages' own code, so that what is measured is what runs. */
export interface Pipeline {
  readonly workers: number;
  /** "<id>@<version>" */
  name(task: Task): string;
  manifest(task: Task): Manifest;
  /** Every face of a photo, from `scoreMin` on. @throws StageFailure undecodable_image, image_too_large */
  faces(file: string): Promise<{ size: Size; faces: Detection<"image">[] }>;
  /** The chip of the face that the photo is of, undefined where none is found. @throws StageFailure as above */
  mainChip(file: string): Promise<Uint8Array | undefined>;
  embed(chip: Uint8Array): Promise<Float32Array>;
  /** The expected age and the probability of each year. */
  age(chip: Uint8Array): Promise<{ years: number; probabilities: number[] }>;
  /** The probability of each label. */
  classify(task: Exclude<AnalyzerName, "age">, chip: Uint8Array): Promise<Map<string, number>>;
  close(): Promise<void>;
}

export interface PipelineOptions {
  modelsDir: string;
  /** Which pack each model comes from. */
  packs: Partial<Record<Task, string>>;
  workers: number;
  /** The detector's own threshold without it. */
  scoreMin?: number | undefined;
}

/** What a stage is told beside its work; nothing was there before, and nothing stops it. */
const CALL: StageCall = {
  attempt: 1,
  priority: 0,
  signal: new AbortController().signal,
  storedResult: () => Promise.resolve(undefined),
};

/** @throws PackError */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { modelsDir, packs, workers, scoreMin } = options;
  const tasks = Object.keys(packs) as Task[];
  const inference = await openInference({ modelsDir, tasks, pack: "", packs, workers });
  const detector = detectorOf(withThreshold(inference, scoreMin).model("detect"));
  const handle = async (stage: "embed" | AnalyzerName, chip: Uint8Array) => {
    const work = create(FaceWorkSchema, { chip });
    const { outcome } = await (
      stage === "embed" ? createEmbed({ inference }) : createAnalyzer(stage, { inference })
    ).handle(work, CALL);
    return outcome;
  };
  const look = async (file: string) => {
    const views = viewsOf(await decodePhoto(await readFile(file)));
    const faces = await detectFaces(views, detector, {});
    return { views, faces };
  };
  return {
    workers,
    name: (task) => inference.model(task).name,
    manifest: (task) => inference.model(task).manifest,
    async faces(file) {
      const { views, faces } = await look(file);
      return { size: views.photo, faces };
    },
    async mainChip(file) {
      const { views, faces } = await look(file);
      const face = mainFace(faces, views.photo);
      return face && cutChip(views, face.landmarks);
    },
    async embed(chip) {
      const outcome = await handle("embed", chip);
      if (outcome.case !== "embed") throw new Error("the embed stage answered with something else");
      return embeddingFromBytes(outcome.value.embedding);
    },
    async age(chip) {
      const outcome = await handle("age", chip);
      if (outcome.case !== "age") throw new Error("the age stage answered with something else");
      return outcome.value;
    },
    async classify(task, chip) {
      const outcome = await handle(task, chip);
      if (outcome.case !== task) throw new Error(`the ${task} stage answered with something else`);
      return new Map(outcome.value.probabilities.map(({ label, probability }) => [label, probability]));
    },
    close: () => inference.close(),
  };
}

function withThreshold(inference: Inference, scoreMin: number | undefined): Inference {
  if (scoreMin === undefined) return inference;
  return {
    ...inference,
    model(task) {
      const model = inference.model(task);
      const thresholds = { ...model.manifest.thresholds, score: scoreMin };
      return { ...model, manifest: { ...model.manifest, thresholds } };
    },
  };
}

/** Pictures of one face show it near the middle, and large; others may stand behind. */
function mainFace(
  faces: readonly Detection<"image">[],
  { width, height }: Size,
): Detection<"image"> | undefined {
  const cost = ({ box }: Detection<"image">) =>
    Math.abs(box.x + box.width / 2 - width / 2) +
    Math.abs(box.y + box.height / 2 - height / 2) -
    0.7 * Math.sqrt(box.width * box.height);
  return faces.toSorted((a, b) => cost(a) - cost(b))[0];
}
