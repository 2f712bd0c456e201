import { CHIP_SIDE, refusalOfAnalyzer } from "@similarfaces/contracts";
import {
  isAnalyzer,
  isCoreModel,
  type Manifest,
  type ManifestAnswer,
  type ManifestOutput,
} from "./manifest.js";

/** Whether the fields of a manifest fit each other and its folder's name, which its schema cannot check. @returns the first problem, as a sentence */
export function checkManifest(manifest: Manifest, name: string): string | undefined {
  return checkName(manifest, name) ?? checkInput(manifest) ?? checkAnswers(manifest);
}

function checkName(manifest: Manifest, name: string): string | undefined {
  const { task } = manifest;
  if (isCoreModel(name) || !isAnalyzer(manifest)) {
    return task === name ? undefined : `field task is "${task}", the folder says "${name}"`;
  }
  const refusal = refusalOfAnalyzer(name);
  return refusal && `its folder, which names the analyzer: ${refusal}`;
}

/** A graph that is fed chips of another size answers all the same, only wrongly: so the sizes are compared here. */
function checkInput({ task, inputs: [{ name, layout, shape, crop = CHIP_SIDE, shrink }] }: Manifest) {
  if (task === "detect") return undefined;
  if (shrink !== undefined && shrink >= crop) {
    return `field inputs, "${name}" is shrunk to ${shrink}, which is not smaller than ${crop}`;
  }
  const side = shrink ?? crop;
  const [rows, columns] = layout === "NHWC" ? [shape[1], shape[2]] : [shape[2], shape[3]];
  const fits = [rows, columns].every((length) => typeof length === "string" || length === side);
  if (fits) return undefined;
  return `field inputs, "${name}" has shape [${shape.join(", ")}], with its fields crop and shrink it gets ${side}x${side}`;
}

function checkAnswers(manifest: Manifest): string | undefined {
  if (!isAnalyzer(manifest)) return undefined;
  const { answers, outputs } = manifest;
  const twice = repeated(answers.map(({ name }) => name));
  if (twice !== undefined) return `field answers has "${twice}" twice`;
  const outputTwice = repeated(outputs.map(({ name }) => name));
  if (outputTwice !== undefined) return `field outputs has "${outputTwice}" twice`;
  for (const answer of answers) {
    const problem = checkAnswer(answer, outputs);
    if (problem !== undefined) return `field answers, "${answer.name}" ${problem}`;
  }
  return undefined;
}

function checkAnswer(
  { output, classification, measure }: ManifestAnswer,
  outputs: readonly ManifestOutput[],
): string | undefined {
  const found = outputs.find(({ name }) => name === output);
  if (!found) {
    return `is read from the output "${output}", field outputs has ${outputs.map(({ name }) => name).join(", ")}`;
  }
  // The first dimension counts chips.
  const [, classes = 1] = found.shape;
  if (found.shape.length > 2) return `is read from "${output}", which is no list of numbers per chip`;
  if (classification) {
    const { labels } = classification;
    const twice = repeated(labels.map(({ label }) => label));
    if (twice !== undefined) return `has the label "${twice}" twice`;
    // A classifier whose labels and outputs disagree would name the wrong thing with confidence.
    return labels.length === classes
      ? undefined
      : `has ${labels.length} labels, the output "${output}" has ${classes} classes`;
  }
  const { bins, interval, min, max } = measure!;
  if (bins && bins.count !== classes) {
    return `has ${bins.count} bins, the output "${output}" has ${classes} classes`;
  }
  if (!bins && classes !== 1) return `has no bins, but the output "${output}" has ${classes} numbers`;
  if (!bins && interval > 0) return "has an interval, which only a measure with bins can have";
  if ((min === undefined) !== (max === undefined) || (min !== undefined && min >= max!)) {
    return "has to have both min and max, the smaller first, or neither";
  }
  return undefined;
}

/** The first that comes a second time. */
function repeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) < index);
}
