import { checkVariants } from "./checkVariants.js";
import { EMBEDDING_SIZE, isCoreModel, refusalOfAnalyzer } from "@similarfaces/contracts/stages";
import {
  isAnalyzer,
  usualSide,
  type Manifest,
  type ManifestAnswer,
  type ManifestOutput,
  type Shape,
} from "./manifest.js";
import { repeated } from "./repeated.js";

/** Whether the fields of a manifest fit each other and its folder's name, which its schema cannot check. @returns the first problem, as a sentence */
export function checkManifest(manifest: Manifest, name: string): string | undefined {
  return (
    checkName(manifest, name) ??
    checkVariants(manifest) ??
    checkInput(manifest) ??
    checkOutputs(manifest) ??
    checkCurve(manifest) ??
    checkAnswers(manifest)
  );
}

function checkName(manifest: Manifest, name: string): string | undefined {
  const { task } = manifest;
  if (isCoreModel(name) || !isAnalyzer(manifest)) {
    return task === name ? undefined : `field task is "${task}", the folder says "${name}"`;
  }
  const refusal = refusalOfAnalyzer(name);
  return refusal && `its folder, which names the analyzer: ${refusal}`;
}

/** A graph that is fed pictures of another size answers all the same, only wrongly: so the sizes are compared here. */
function checkInput(manifest: Manifest): string | undefined {
  const [{ name, layout, shape, crop, shrink }] = manifest.inputs;
  if (manifest.task === "detect" || manifest.task === "refine") {
    const field = (["chip", "crop", "shrink"] as const).find(
      (each) => manifest.inputs[0][each] !== undefined,
    );
    if (field) return `field inputs, "${name}" has ${field}, which only a model of chips can have`;
  }
  if (manifest.task === "detect") return undefined;
  const given = usualSide(manifest);
  if (crop !== undefined && crop > given) {
    return `field inputs, "${name}" is cropped to ${crop}, its chips have ${given}`;
  }
  const taken = crop ?? given;
  if (shrink !== undefined && shrink >= taken) {
    return `field inputs, "${name}" is shrunk to ${shrink}, which is not smaller than ${taken}`;
  }
  const side = shrink ?? taken;
  const [rows, columns] = layout === "NHWC" ? [shape[1], shape[2]] : [shape[2], shape[3]];
  const fits = [rows, columns].every((length) => typeof length === "string" || length === side);
  if (!fits) {
    return `field inputs, "${name}" has shape [${shape.join(", ")}], with its fields chip, crop and shrink it gets ${side}x${side}`;
  }
  // Its crops come several at a time.
  if (manifest.task === "refine" && typeof shape[0] === "number") {
    return `field inputs, "${name}" has shape [${shape.join(", ")}], its first has to be free`;
  }
  return undefined;
}

/** What `extract` reads of the second look, by name. */
const LOOK: Readonly<Record<string, Shape>> = { score: ["n"], points: ["n", 5, 2] };

/** Of what is read without a word of the manifest's; an analyzer's answers name their outputs, and a detector's decoder knows its own. */
function checkOutputs({ task, outputs }: Manifest): string | undefined {
  const twice = repeated(outputs.map(({ name }) => name));
  if (twice !== undefined) return `field outputs has "${twice}" twice`;
  if (task === "embed") return checkShape(outputs[0]!, ["n", EMBEDDING_SIZE], "an embedding");
  if (task !== "refine") return undefined;
  for (const [name, wanted] of Object.entries(LOOK)) {
    const found = outputs.find((output) => output.name === name);
    if (!found) return `field outputs has no "${name}", which a second look is read from`;
    const problem = checkShape(found, wanted, "a second look");
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkShape({ name, shape }: ManifestOutput, wanted: Shape, what: string): string | undefined {
  const fits =
    shape.length === wanted.length &&
    wanted.every((side, i) => typeof side === "string" || side === shape[i]);
  if (fits) return undefined;
  return `field outputs, "${name}" has shape [${shape.join(", ")}], ${what} has [${wanted.join(", ")}]`;
}

/** What is looked up between two points needs them in order. */
function checkCurve({ falseMatches }: Manifest): string | undefined {
  const at = (falseMatches?.curve ?? []).findIndex(([cosine, rate], i, curve) => {
    const before = curve[i - 1];
    return before !== undefined && (cosine <= before[0] || rate >= before[1]);
  });
  return at > 0
    ? `field falseMatches.curve.${at}: cosines rise and rates fall from point to point`
    : undefined;
}

function checkAnswers(manifest: Manifest): string | undefined {
  if (!isAnalyzer(manifest)) return undefined;
  const { answers, outputs } = manifest;
  const twice = repeated(answers.map(({ name }) => name));
  if (twice !== undefined) return `field answers has "${twice}" twice`;
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
